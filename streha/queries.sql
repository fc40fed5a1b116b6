-- oldest_message --
-- When the oldest message that still waits was left.
SELECT min(created_at) FROM outbox WHERE state IN ('pending', 'sending')

-- unsendable_messages --
-- How many messages of late will never be sent. $1 since.
SELECT count(*) FROM outbox WHERE state IN ('failed', 'quarantined') AND created_at > $1

-- oldest_unchained --
-- When the oldest act that is not in the chain yet was recorded.
SELECT min(at) FROM ledger WHERE position IS NULL
