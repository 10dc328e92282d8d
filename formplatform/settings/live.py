"""Live streams: how many, and how long each waits for what."""

from . import env

LIVE_STREAMS_PER_PROCESS = env.integer("LIVE_STREAMS_PER_PROCESS", 500, maximum=10_000)
LIVE_STREAMS_PER_USER = env.integer("LIVE_STREAMS_PER_USER", 20, minimum=1)
LIVE_HEARTBEAT_SECONDS = env.integer("LIVE_HEARTBEAT_SECONDS", 15, minimum=1, maximum=30)
LIVE_RECHECK_SECONDS = env.integer("LIVE_RECHECK_SECONDS", 20, minimum=1, maximum=30)
LIVE_STALL_SECONDS = env.integer("LIVE_STALL_SECONDS", 30, minimum=1)
