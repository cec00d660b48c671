"""Apollo contacts, directly or through the AISA gateway.

**Read** by search, newest ``contact_updated_at`` first down to the watermark; a sweep goes through
``contact_created_at`` ascending. One search shows at most 50,000 rows, so larger workspaces are swept stage by
stage. Rows that broke the documented shape are quarantined one by one.

**Written** by ``bulk_create`` (100 rows, ``run_dedupe``: a match comes back untouched), ``bulk_update`` (100
rows, changed fields only), ``PATCH`` (phones and website, one contact a request, only when configured) and
``update_stages`` (opt-outs). Answers carry no index: echoed rows are told apart by what they hold.

**Quirks**: a missing contact answers 422; errors are text, ``error`` or ``message``; three rate windows run at
once for each endpoint; Apollo re-spells address lines and adds +1 to bare phone numbers; emails that are not
unlocked are placeholders. Through AISA all callers share one workspace, so rows without our own label are
never taken in and, until the settings accept it, nothing is written.

Source: https://docs.apollo.io/reference/contacts, https://aisa.one/docs/api-reference/apollo
"""
