"""The engine: values, decisions, orchestration and the command line."""
