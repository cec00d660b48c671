"""Seeds that once showed a fault of ours; they are played for ever."""

ONCE_BROKEN = {
    16: "an edit that only the read-back showed was never planned",
    44: "a create that may have arrived was repeated under the person's new email",
    50: "a verified write let its person's other news be forgotten",
    58: "a look that took a minute let the opt-outs grow old before the create",
    142: "an entry that showed late let an edit of the same person be forgotten",
}
