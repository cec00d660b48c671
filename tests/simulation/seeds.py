"""Seeds that once showed a fault of ours; they are played for ever."""

ONCE_BROKEN = {
    16: "an edit that only the read-back showed was never planned",
    25: "our own update, whose answer was lost, was taken for a person's edit",
    44: "a create that may have arrived was repeated under the person's new email",
    46: "what the record of a doubtful create did not show was told nobody",
    50: "a verified write let its person's other news be forgotten",
    58: "a look that took a minute let the opt-outs grow old before the create",
    71: "a dry run counted as having shown a record, and a hidden value was told nobody",
    142: "an entry that showed late let an edit of the same person be forgotten",
    162: "a wait asked for in the look before a write was forgotten",
    22447: "rows without the key that an upsert matches on were posted again to find those it had refused",
    22558: "a value emptied while we wrote was told nobody",
    10562: "an edit made before our first look at what we had written was taken for the provider's rendering",
    10693: "a value that stood and lost again was noted as the one that its record had shown before",
    10795: "an entry was posted again for a contact that somebody had deleted",
    10025: "an entry was posted again and again for a value that never showed",
    20381: "a create whose person Apollo took for a namesake stayed unknown and was sent in every cycle",
    21086: "what a run that was killed had planned stayed planned while guards stopped the later ones",
    21325: "a no said while a write waited as asked did not reach the create",
    1080006: "a record whose row could not be read and told no id counted as gone",
    221: "a value emptied right after our create was never filled again",
}
