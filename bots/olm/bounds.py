"""How much of other people's doing the bot's device keeps and does, and why just so much.

Every number stands here, with what it is for. What is beyond goes by one rule: a stranger's before a member's,
a sender's own before anybody else's, the oldest before the newest.
"""

from __future__ import annotations

from datetime import timedelta

# One-to-one sessions -------------------------------------------------------------------------------------

# With one device: one in use, and some for messages that cross on their way.
MOST_SESSIONS_PER_DEVICE = 5
# With devices that nobody in our rooms has published. A newcomer is one of them for a moment, a flood for ever.
MOST_SESSIONS_WITH_STRANGERS = 500

# Room keys -----------------------------------------------------------------------------------------------

# Of one device. A client makes one for each room a week, so that a person in a hundred rooms has enough.
MOST_ROOM_KEYS_PER_DEVICE = 200
# Of all people together whose keys were never asked for: strangers, and newcomers until their first word.
MOST_ROOM_KEYS_OF_STRANGERS = 1000
# A session is spoken with for a week at most; a day more for those who were without a network. By the time that the
# device was at work (`bots.olm.lived_time`): a clock that leaps forgets nothing.
ROOM_KEY_LIFE = timedelta(days=8)
# Who says of one session that it is theirs: each sender's devices, and all senders together.
MOST_CLAIMS_PER_SENDER = 4
MOST_CLAIMS = 16

# Messages that wait --------------------------------------------------------------------------------------

# For their room key, of one sender: more than anybody says while a key is on its way.
MOST_WAITING_PER_SENDER = 100
MOST_WAITING = 2000
# What is handed over at once; the rest follows when these are done.
MOST_HANDED_OVER = 500
# Of messages that may be a sentence of somebody's own, at a bot that stands by: what a large network writes in a day.
MOST_SENTENCES_KEPT = 20_000

# What a shortened answer left out --------------------------------------------------------------------------

MOST_PER_PAGE = 100
# Of one room: more than it can say while the bot is away, fewer than can keep it busy for an hour.
MOST_PAGES = 500
MOST_ROOMS_AT_ONCE = 8
MOST_GAPS = 5000

# Keys on the homeserver --------------------------------------------------------------------------------------

# What it may say that it holds: it never gets more than fifty. Beyond that it is asked again.
MOST_ONE_TIME_KEYS_BELIEVED = 1000
