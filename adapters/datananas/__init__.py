"""Datananas, a legacy sales service: a sink that takes contacts in bulk and tells totals over a WebSocket.

Read: not at all; no readable endpoint is documented, so what it holds comes from exports (``adapters.files``).
Written: ``POST /contacts/bulk``, an upsert of 1 to 10,000 contacts, creates and updates alike.
Source: https://docs.datananas.com/reference/post_contacts-bulk, last looked at 2026-11.

Quirks:

- The answer to the POST only says *accepted*. Progress and totals come as events over a WebSocket, which must
  be open before the POST, because the first event precedes the answer (``following``, ``stream``).
- The totals name no rows: created + updated smaller than what was sent means that some row was refused, and
  nothing tells which.
- The reference shows most field names stripped, so the names are a table in the settings (``field_map``) that
  somebody with an account confirms once.
- Empty values and null are never sent: what they do is not documented.
"""
