"""One cycle: opt-outs, pull, match, merge, plan, guard, push, verify, report. ``cycle`` reads as one page."""
