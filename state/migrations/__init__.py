"""Schema migrations; run by ``state.migrating``, never by hand."""
