"""Topo (topo.io): contacts that outreach works with, their variables, and the list of people it must spare.

Read: ``GET /v1/contacts`` by keyset on ``last_seen_at`` (what was touched) and on ``first_seen_at`` (sweeps);
variables record by record; ``GET /v1/contact-exclusions`` by keyset on ``created_at``.

Written: contacts themselves are read-only. A person comes in as a *contact entry* of one configured list; a
contact is made of it later (``contact_id`` is null until then). Core fields are changed by posting the entry
again under the record's own email and profile; variables by PATCH; opt-outs by POST of an exclusion.

Quirks that shaped this folder:

* A list with a default sequence enrols new entries, so people would be mailed: it is looked at before each batch.
* ``last_seen_at`` moves when a contact is touched, not when it is edited: only sweeps see every edit.
* Sorting has no documented second key and pages shift under edits: see ``walk``.
* The documentation's samples leave out enum fields, so the name of an item's status is a setting.
* A variable that is null still takes one of 200 slots.

Source: https://docs.topo.io/api-reference, read 2026-11; nothing here was tried against the live service.
"""
