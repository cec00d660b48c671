"""A rehearsal: sample people in all sandboxes, three cycles, no account, no configuration file."""
