"""What providers share and no provider owns: HTTP, strict JSON, retries, rate windows, sandbox serving."""
