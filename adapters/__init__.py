"""Providers: one folder each, and the provider-free toolkit they share."""
