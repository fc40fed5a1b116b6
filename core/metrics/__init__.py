"""Every metric there is, once: what is measured, in which unit, and all that its labels may say.

Names and labels hold enumerations only: never an id, a name, a path or anything else without bounds. What happens
is counted where it happens, once it is certain; what stands in the database is counted at the scrape (`core.tally`).
Moments are seconds since 1970 by the program's clock. docs/metrics.md is this page for operators.
"""

from __future__ import annotations

from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version

from core.metrics.kinds import Counter, Gauge, Histogram, Label

try:
    VERSION = version("streha")
except PackageNotFoundError:
    VERSION = "unknown"

# Labels ------------------------------------------------------------------------------------------------

VERSION_LABEL = Label("version", (VERSION,))
SWEEP = Label(
    "module",
    (
        "clock",
        "hold",
        "alerts",
        "first_reviews",
        "reviews",
        "ledger",
        "sign_in",
        "heartbeat",
        "unreached",
        "duty_rings",
        "hand_overs",
        "wake",
        "wake_calls",
        "proof",
        "police",
        "incidents",
        "measures",
        "digests",
        "rings",
        "clocks",
        "milestones",
        "safe_calls",
        "countdowns",
        "organisations",
        "case_events",
        "desk_calls",
        "vault",
        "retention",
    ),
)
STEPPED = Label(
    "module",
    (
        "alerts", "reviews", "duty_rings", "hand_overs", "police", "incidents", "measures", "digests", "rings",
        "clocks", "organisations", "case_events", "desk_calls", "milestones", "safe_calls", "countdowns",
    ),
)  # fmt: skip
PART = Label("module", ("core", "ledger", "alerts", "reviews", "operations", "bots"))
ROLE = Label("role", ("engine", "bots", "prober", "readiness"))
POOL = Label("pool", ("ordinary", "urgent"))
LANE = Label("lane", ("alert", "ordinary"))
ROOM_KIND = Label("room_kind", ("compartment", "desk", "person", "contact", "probe"))
# How a message leaves; whatever is not for a room leaves beside Matrix.
MATRIX = "matrix"
CHANNEL = Label("channel", (MATRIX, "voice", "text", "email"))
WAITING = Label("state", ("pending", "sending"))
ENDED = Label("state", ("sent", "failed", "quarantined", "withdrawn"))
STATUS = Label("status", ("Actual", "Exercise"))
SEVERITY = Label("severity", ("Extreme", "Severe", "Moderate"))
OPEN = Label("state", ("open", "accepted", "unanswered"))
THROUGH = Label("through", ("api", "channel", "clock", "device", "telephone", "unverified"))
TELEPHONE = Label(
    "state",
    ("raised", "desk_called", "not_raised", "accepted", "accepted_police", "accepted_exercise", "not_accepted",
     "name_missing", "used", "expired", "ended", "late", "wrong", "refused", "unclear", "unknown_number",
     "duty_answered", "call_taken", "desk_silent"),
)  # fmt: skip
METHOD = Label("method", ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
# The templates of the routes that are served; whoever serves them adds them.
ROUTE = Label("route")
CODE = Label("status", [str(each.value) for each in HTTPStatus])
STREAM_END = Label("reason", ("left", "slow", "signed_out", "closing", "too_many"))
EVENT_FAULT = Label(
    "reason",
    ("to_device", "room", "state", "timeline", "waiting", "overflow", "plaintext", "malformed", "unreadable"),
)

REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15)
ROUND_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60)
WAIT_BUCKETS = (0.001, 0.005, 0.025, 0.1, 0.5, 1, 2.5, 5)
LATENESS_BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)
ANSWER_BUCKETS = (5, 15, 30, 60, 120, 300, 600, 1800, 3600, 21600)

# The process -------------------------------------------------------------------------------------------

BUILD = Gauge("streha_build_info", "Always 1; the label tells the version.", VERSION_LABEL)
BUILD.set(1, VERSION)
CLOCK_SKEW = Gauge("streha_clock_skew_seconds", "How far this machine's clock is ahead of the database's.")
SCRAPE_DATABASE_UP = Gauge(
    "streha_scrape_database_up",
    "1 where the database answered this scrape; 0 where all that is counted there is missing.",
)
TALLY_FAILURES = Counter(
    "streha_scrape_tally_failures_total", "Parts of a scrape that failed although the database answered.", PART
)
HEARTBEAT_AGE = Gauge(
    "streha_heartbeat_age_seconds", "Since a role last did its round, in any process; +Inf where it never did.", ROLE
)

# The database ------------------------------------------------------------------------------------------

POOL_CONNECTIONS = Gauge(
    "streha_database_pool_connections", "Open connections of this process.", POOL, Label("state", ("idle", "in_use"))
)
POOL_LIMIT = Gauge("streha_database_pool_connections_limit", "How many connections it may open.", POOL)
POOL_WAITING = Gauge("streha_database_pool_waiting", "Transactions that wait for a connection.", POOL)
POOL_ACQUIRE = Histogram(
    "streha_database_pool_acquire_seconds", "Waiting for a connection, in vain included.", POOL, buckets=WAIT_BUCKETS
)
DATABASE_FAILURES = Counter(
    "streha_database_failures_total", "Transactions that failed because the database did not answer."
)

HOLD_SINCE = Gauge(
    "streha_hold_since_timestamp_seconds", "Since when the database is on hold after a restore; 0 where it is not."
)

# What time decides -------------------------------------------------------------------------------------

SWEEP_DURATION = Histogram(
    "streha_sweep_duration_seconds", "One round of a module of the engine; its count is the rounds.", SWEEP,
    buckets=ROUND_BUCKETS,
)  # fmt: skip
SWEEP_FAILURES = Counter("streha_sweep_failures_total", "Rounds that failed as a whole.", SWEEP)
SWEEP_SUCCESS = Gauge("streha_sweep_last_success_timestamp_seconds", "When a round last went well.", SWEEP)
STEP_LATENESS = Histogram(
    "streha_sweep_step_lateness_seconds", "From when a row was due until it was claimed, at every claim.", STEPPED,
    buckets=LATENESS_BUCKETS,
)  # fmt: skip
STEP_FAILURES = Counter("streha_sweep_row_failures_total", "Rows whose step failed; they are tried again.", STEPPED)
ROWS_OVERDUE = Gauge("streha_sweep_rows_overdue", "Rows that are due and not done, counted up to 10000.", STEPPED)
OLDEST_OVERDUE = Gauge("streha_sweep_oldest_overdue_seconds", "Since the oldest of them was due.", STEPPED)

# Messages ----------------------------------------------------------------------------------------------

MESSAGES_WAITING = Gauge(
    "streha_outbox_waiting_messages", "Messages that wait or are on their way, counted up to 10000.", WAITING, LANE,
    ROOM_KIND,
)  # fmt: skip
OLDEST_WAITING = Gauge("streha_outbox_oldest_waiting_seconds", "Since the oldest of them was left.", LANE, ROOM_KIND)
MESSAGES_ENDED = Counter(
    "streha_messages_ended_total", "Messages whose delivery ended, and how.", ENDED, LANE, CHANNEL, ROOM_KIND
)
DELIVERY_TIME = Histogram(
    "streha_message_delivery_seconds", "From when a message was left until it was sent.", LANE, CHANNEL,
    buckets=LATENESS_BUCKETS,
)  # fmt: skip
PEOPLE_UNREACHED = Counter(
    "streha_message_people_unreached_total", "People mentioned in a sent message who cannot have read it.", LANE,
    CHANNEL,
)  # fmt: skip

# The bot -----------------------------------------------------------------------------------------------

LEASE_HELD = Gauge("streha_bot_lease_held", "1 where some bot of the network holds the lease now.")
SYNC_ANSWERED = Gauge(
    "streha_bot_last_sync_timestamp_seconds", "When the homeserver last answered a sync; the active bot only."
)
SYNC_FAILURES = Counter("streha_bot_sync_failures_total", "Syncs that failed.")
EVENT_NEWEST = Gauge(
    "streha_bot_newest_event_timestamp_seconds", "When the newest event that was handled was sent; the active bot only."
)
EVENT_LAG = Histogram(
    "streha_bot_event_lag_seconds", "From when an event was sent in a room until it was handled.",
    buckets=LATENESS_BUCKETS,
)  # fmt: skip
EVENTS_LEFT = Gauge("streha_bot_events_left", "Events that could not be acted on yet; they are tried again.")
EVENTS_DROPPED = Counter("streha_bot_events_dropped_total", "Events that were thrown away.", EVENT_FAULT)
COMMANDS_IGNORED = Counter(
    "streha_bot_commands_ignored_total",
    "Words that were not acted on: of nobody in the network, from a device that could not be checked, in clear, or too "
    "many.",
    Label("reason", ("flood", "stranger", "unbound", "unencrypted")),
)
KEYS_HELD = Gauge(
    "streha_bot_one_time_keys", "One-time keys of the bot's device that the homeserver held at the last sync."
)
KEY_FAILURES = Counter("streha_bot_key_upkeep_failures_total", "Times that keys could not be kept up after a sync.")
GAPS_OPEN = Gauge(
    "streha_bot_rooms_with_missing_events", "Rooms of which events are still to be fetched that an answer left out."
)
ROOM_TROUBLE = Counter(
    "streha_bot_room_trouble_total",
    "Times that somebody else had moved something in a room: changed a setting, put a stranger in, or so much that the "
    "bot made another room.",
    Label("reason", ("changed", "removed", "replaced", "stranger")),
)
ROOMS_OWED = Gauge("streha_bot_rooms_owed_keys", "Rooms with a device that could not be given its key yet.")

IDENTITIES_CHANGED = Gauge(
    "streha_bot_identities_changed", "People whose published identity is not the confirmed one, or is gone."
)

IDENTITIES_MISSING = Gauge(
    "streha_bot_identities_missing",
    "Linked people of whom the homeserver shows no identity at present; several at once are given no keys meanwhile.",
)

DIRECTORY_REFUSED = Gauge(
    "streha_bot_directory_refused",
    "1 while the bot refuses the network's directory: it is shorter than the bot knows it, another, or breaks a rule.",
)

DEVICES_UNSIGNED = Gauge(
    "streha_bot_devices_unsigned",
    "Devices of the bot's own account that its identity has not signed; all of them, where another identity is shown.",
)

ABSENCE_NOTICES_MISSING = Gauge(
    "streha_bot_absence_notices_missing",
    "Duty rooms in which the homeserver could not be left what it says when Streha falls silent.",
)

# What only the active bot knows, and forgets when it is active no more.
OF_ACTIVE_BOT = (
    SYNC_ANSWERED, EVENT_NEWEST, EVENTS_LEFT, KEYS_HELD, GAPS_OPEN, ROOMS_OWED, IDENTITIES_MISSING, DEVICES_UNSIGNED,
    ABSENCE_NOTICES_MISSING, DIRECTORY_REFUSED,
)  # fmt: skip

# Alerts and reviews ------------------------------------------------------------------------------------

ALERTS_OPEN = Gauge("streha_alerts_open", "Alerts that have not ended.", OPEN, SEVERITY, STATUS)
OLDEST_UNACCEPTED = Gauge(
    "streha_alerts_oldest_unaccepted_seconds",
    "Since calling began for the oldest alert that is not accepted.",
    SEVERITY,
    STATUS,
)
ALERT_RAISES = Counter("streha_alert_raises_total", "Presses that were stored.", STATUS, SEVERITY, THROUGH)
RAISES_NOT_STORED = Counter(
    "streha_alert_raises_not_stored_total",
    "Attempts to raise that were not stored; the raiser is told NOT raised. By telephone: whatever was said.",
    Label("through", ("api", "channel", "telephone")),
)
TELEPHONE_WORDS = Counter(
    "streha_telephone_words_total",
    "What people said by telephone, and what became of it; from numbers that are nobody's, only that.",
    TELEPHONE,
)
ALERTS_ENDED = Counter("streha_alerts_ended_total", "Alerts that were stood down.", STATUS)
ACKNOWLEDGEMENT = Histogram(
    "streha_alert_acknowledgement_seconds", "From when calling began until one person accepted, for each who did.",
    STATUS, SEVERITY, buckets=ANSWER_BUCKETS,
)  # fmt: skip
PROOF_AGE = Gauge(
    "streha_proof_age_seconds",
    "Since calling people was last proven by the continuous self-test, or since the first attempt that is known; "
    "nothing where it never ran.",
)
PROOF_TOOK = Gauge(
    "streha_proof_delay_seconds", "How long the last proof took from its row until its answer was heard by the bot."
)
DUTY_RINGS_ENDED = Counter(
    "streha_duty_rings_total", "Test rings at the begin of shifts that ended, and how; a late answer counts again.",
    Label("state", ("answered", "stood_in", "unanswered", "over")),
)  # fmt: skip
DUTY_UNANSWERED = Gauge("streha_duty_shifts_unanswered", "Shifts of now whose test ring nobody has answered.")
REVIEWS_OPEN = Gauge("streha_reviews_open", "Reviews that are not done, counted up to 10000.")
REVIEWS_DUE = Gauge("streha_reviews_due", "Open reviews that are due and not overdue yet, of the 10000 next steps.")
REVIEWS_OVERDUE = Gauge("streha_reviews_overdue", "Open reviews whose duty desk was told, of the 10000 next steps.")

# The ledger --------------------------------------------------------------------------------------------

LEDGER_WAITING = Gauge("streha_ledger_waiting_entries", "Acts that are not chained yet, counted up to 10000.")
LEDGER_OLDEST_WAITING = Gauge("streha_ledger_oldest_waiting_seconds", "Since the oldest of them was recorded.")
VAULT_EPOCH_DUE = Gauge(
    "streha_vault_oldest_epoch_due_seconds",
    "Since somebody who is a member no more has had the newest key of some compartment; 0 where nobody has.",
)
LEDGER_POSITION = Gauge("streha_ledger_last_position", "The position of the last chained act.")
LEDGER_AGE = Gauge("streha_ledger_last_position_age_seconds", "Since the last chained act was recorded.")

# HTTP --------------------------------------------------------------------------------------------------

REQUESTS = Counter("streha_http_requests_total", "Requests that were answered.", METHOD, ROUTE, CODE)
REQUEST_DURATION = Histogram(
    "streha_http_request_duration_seconds", "From a request's headers until its answer.", METHOD, ROUTE,
    buckets=REQUEST_BUCKETS,
)  # fmt: skip
STREAMS_OPEN = Gauge("streha_streams_open", "Live streams that are open.")
STREAMS_ENDED = Counter("streha_streams_ended_total", "Live streams that ended, and why.", STREAM_END)
STREAM_RESETS = Counter("streha_stream_resets_total", "Times that readers were told to load everything anew.")
FEED_POSITION = Gauge("streha_feed_position", "The ledger's position up to which this process told its readers.")
