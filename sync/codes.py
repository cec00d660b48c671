"""The closed list of codes in reports, each with one sentence that explains it to a person.

A code has one meaning wherever it stands: where two lists share a code, they share its sentence.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Rule(StrEnum):
    """Which rule chose a field's value."""

    ONLY_CHANGER = "only-changer"
    AGREED = "agreed"
    FIRST_CONTACT = "first-contact"
    SURVIVORSHIP = "survivorship"
    FIELD_OWNER = "field-owner"
    FIELD_PRIORITY = "field-priority"
    REVERTED_BY_OWNER = "reverted-by-owner"
    FILL = "fill"
    BLANK = "blank"
    HUMAN = "human"
    UNDO = "undo"
    GROUP = "group"


class Reason(StrEnum):
    """Why an operation is planned, where it is not because of the rule that chose a value."""

    NEW_PERSON = "new-person"
    OPT_OUT = "opt-out"


class StateReason(StrEnum):
    """Why an operation ended, or waits, in a state other than the intended one."""

    SUSPECTED_DUPLICATE = "suspected-duplicate"
    SHARED_KEY = "shared-key"
    OPTED_OUT = "opted-out"
    FIRST_SWEEP = "first-sweep"
    OPTOUTS_UNREADABLE = "optouts-unreadable"
    QUOTA = "quota"
    QUOTA_TOTAL = "quota-total"
    PRICE = "price"
    MAX_REQUESTS = "max-requests"
    RATE_LIMITED = "rate-limited"
    STALE_REMOTE = "stale-remote"
    FOREIGN_ROW = "foreign-row"
    UNREACHABLE = "unreachable"
    REFUSED_CREDENTIALS = "refused-credentials"
    REJECTED = "rejected"
    NOT_TAKEN_NOW = "not-taken-now"
    BATCH_INCONSISTENT = "batch-inconsistent"
    AMBIGUOUS_ECHO = "ambiguous-echo"
    MATCH_DOUBTFUL = "match-doubtful"
    OUTCOME_UNKNOWN = "outcome-unknown"
    VERIFY_FAILED = "verify-failed"
    NO_KEY = "no-key"
    NO_MATCH_KEY = "no-match-key"
    BLIND_OVERWRITE = "blind-overwrite"
    PENDING_RESOLVE = "pending-resolve"
    EFFECT_NOT_ALLOWED = "effect-not-allowed"
    BAD_BODY = "bad-body"
    UNREADABLE = "unreadable"
    DISPUTED_KEY = "disputed-key"
    OUT_OF_TIME = "out-of-time"


class CannotReason(StrEnum):
    """Why a provider cannot hold a wish."""

    NO_ENDPOINT = "no-endpoint"
    NO_FIELD = "no-field"
    CREATE_ONLY = "create-only"
    NOT_OURS = "not-ours"
    DEFAULT_SEQUENCE = "default-sequence"
    MATCH_KEY_CHANGED = "match-key-changed"
    NOT_SHOWN = "not-shown"
    ONE_VALUE = "one-value"
    NOT_MAPPED = "not-mapped"
    SEND_VARS_OFF = "send-vars-off"
    NOT_TAKEN = "not-taken"


class HoldKind(StrEnum):
    """What a hold waits for a person to judge."""

    DISAPPEARED = "disappeared"
    MATCH_DOUBTFUL = "match-doubtful"


class ConflictReason(StrEnum):
    """Why a field waits for a person."""

    DISAGREE = "disagree"
    UNSEEN = "unseen"
    OSCILLATES = "oscillates"


EXPLANATIONS: Mapping[str, str] = MappingProxyType(
    {
        # rules and reasons
        "only-changer": "Only one provider changed it since the last run.",
        "agreed": "Several providers changed it to the same value.",
        "first-contact": "These records met for the first time, and none of them had another value.",
        "survivorship": "These records met for the first time with different values, and the provider "
        "that comes first in the priority list won; all emails are kept, and what cannot be read loses.",
        "field-owner": "The settings name this provider as the owner of the field.",
        "field-priority": "Several providers changed it, and the field's own priority list decided.",
        "reverted-by-owner": "A provider that does not own the field changed it; the owner's value was put back.",
        "fill": "The field was empty there.",
        "blank": 'The value was emptied, and the settings say blanks = "explicit".',
        "human": "A person decided it.",
        "undo": "An earlier run replaced this value, and the undo restores it.",
        "group": "It was chosen together with the other fields of its group (name, company or address).",
        "new-person": "The person has no record at this provider yet.",
        "opt-out": "The person asked not to be written to, and this provider is told.",
        # states
        "suspected-duplicate": "The person may be the same as another one who has a record there or opted out; "
        "a review decides.",
        "shared-key": "Another person shows the same email or profile; the provider would take the two for one.",
        "opted-out": "The person opted out, so no record is created, and nothing is sent that could create one.",
        "first-sweep": "No record is created before this provider has been read completely once.",
        "optouts-unreadable": "An opt-out list could not be read, so nobody is created anywhere until it can.",
        "quota": "The provider's quota for this period is used up.",
        "quota-total": "The provider's total quota of contacts is used up until the plan there is raised.",
        "price": "The request would pass the price or spending limit in the settings.",
        "max-requests": "The request limit given with --max-requests is reached.",
        "rate-limited": "The provider asked to wait longer than this run can.",
        "stale-remote": "The record was edited there after the plan was made; the next run plans it again.",
        "foreign-row": "The matching record belongs to somebody else in a shared workspace.",
        "unreachable": "The provider could not be reached, so nothing was sent.",
        "refused-credentials": "The provider refused the credentials or their scope.",
        "rejected": "The provider refused this request for good.",
        "not-taken-now": "The provider refused it for a reason that may pass; the next run tries again.",
        "batch-inconsistent": "The provider's answer to the batch does not add up for this item.",
        "ambiguous-echo": "More than one row of the provider's answer fits this person.",
        "match-doubtful": "The provider matched a record that is perhaps not this person.",
        "outcome-unknown": "The request may have been applied or not; it is looked up before a repeat.",
        "verify-failed": "The provider accepted the write, but reading it back did not show it.",
        "no-match-key": (
            "The record lacks the key that the provider's upsert matches on; a row could become a second record."
        ),
        "no-key": "The person has no email and no profile by which the provider could recognise a repeat.",
        "blind-overwrite": "This provider cannot be read, so sending could overwrite edits made there.",
        "pending-resolve": "The provider accepted the entry and has not yet made a contact of it.",
        "effect-not-allowed": "The write would also start outreach, which the settings do not allow.",
        "bad-body": "The provider's answer could not be understood.",
        "unreadable": "Something of a record of this person could not be read, and what stands there is not "
        "guessed.",
        "disputed-key": "The address or profile by which the person is known waits for a decision, and nobody is "
        "created under another one.",
        "out-of-time": "The run was stopped before this was sent.",
        # cannot express
        "no-endpoint": "The provider's API has no way to change this field.",
        "no-field": "The provider has no such field.",
        "create-only": "The provider takes this field only when a record is created.",
        "not-ours": "We did not enter the record where entries go now; the settings leave such records alone.",
        "default-sequence": "The target list enrols people in a sequence, so entries there are not sent again.",
        "match-key-changed": "The provider finds records by this value; a change would create a second record.",
        "not-shown": "The provider acknowledged the value and does not show it when read back.",
        "one-value": "The provider, or a write of it, takes only one value of this field.",
        "not-mapped": "No field of the provider is mapped to it in the settings.",
        "not-taken": "The provider, or the settings for it, take no value of this form.",
        "send-vars-off": "The settings say send_vars = false, so variables are not sent.",
        # conflicts
        "disagree": "It was changed to different values in several places.",
        "unseen": "It was changed where the value that stands was not known; nobody can tell which came later.",
        "oscillates": "A provider keeps writing its own value back, so the field is left alone until you decide.",
        # holds
        "disappeared": "The provider no longer shows the record; nothing is deleted elsewhere because of it.",
    }
)
"""Code → one sentence; also what the README lists."""

ALL_CODES: tuple[type[StrEnum], ...] = (Rule, Reason, StateReason, CannotReason, HoldKind, ConflictReason)


def explain(code: str) -> str:
    """The sentence behind ``code``; a code that is not on the list stands for itself."""
    return EXPLANATIONS.get(code, code)


def phrase(code: str) -> str:
    """The sentence as part of a longer one: no capital in front, no full stop at the end."""
    sentence = explain(code)
    return sentence[:1].lower() + sentence[1:].removesuffix(".")
