"""Raw text to keys and canonical values. Pure; every function here takes any object and never raises.

A key says that two records are one person; a canonical value says that two spellings are one value. Whatever
cannot be read gives ``None``: no key is better than a wrong one.
"""

from sync.identity.canonical import canonicalize, clean_text, compared, keys_of
from sync.identity.countries import country_code
from sync.identity.domains import company_domain, registrable_domain
from sync.identity.emails import canonical_email, email_key, wide_email_keys
from sync.identity.linkedin import is_profile, linkedin_key, linkedin_url
from sync.identity.names import NameAgreement, names_agree
from sync.identity.phones import PhoneNumber, phone_number

__all__ = [
    "NameAgreement", "PhoneNumber", "canonical_email", "canonicalize", "clean_text", "company_domain", "compared",
    "country_code", "email_key", "is_profile", "keys_of", "linkedin_key", "linkedin_url", "names_agree",
    "phone_number", "registrable_domain", "wide_email_keys",
]  # fmt: skip
