"""Strings that other people may have typed into any field."""

from __future__ import annotations

from hypothesis import strategies as st

HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</title><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' autofocus onfocus='alert(1)",
    "javascript:alert(1)",
    "{{ 7*7 }}{% raw %}",
    "<!-- -->",
    "&lt;script&gt;",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("https://evil.example";"x")',
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "  =1+1",
    "\u00a0=1+1",
    "\u200b=1+1",
    "\ufeff=1+1",
    "＝1+1",  # full width
    "﹢1",
    "\t=1",
    "\r=1",
    "\n=1",
    "\x1b[2J\x1b[31mred",
    "\x1b]8;;https://evil.example\x07link\x1b]8;;\x07",
    "\x9b31m",
    "[/oops]",
    "[bold red]x[/]",
    "\u202egnp.exe",
    "\u2066x\u2069",
    "line\r\nbreak\u2028other\u0085next",
    "\x00null",
    "\ud800 lone surrogate",
    "](https://evil.example) ![x](https://evil.example/x.png)",
    "| a | b |",
    "`code` **bold** ~~x~~ # h",
    "https://evil.example/?q=ana@perez.example",
    "www.evil.example",
    'a","b',
    "--allow create=apollo:9",
    "",
)
ANY_TEXT = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=60))
