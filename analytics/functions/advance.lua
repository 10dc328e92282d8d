-- Counts the steps a session has reached and not been counted for. Steps are bits: they only add
-- up, so duplicates and any order come to the same.
--
-- KEYS  guard, running rebuild, seen steps, counters
-- ARGV  generation, session id (12 bytes), steps reached, then the counter of each bit
--
-- Answers {status, generation being rebuilt or 0, …} as `apply` does; nothing is ever refused.

local function advance(keys, args)
  local rebuild = tonumber(redis.call('GET', keys[2]) or '0')
  local generation = redis.call('GET', keys[1]) or '0'
  if generation ~= args[1] then return {-2, rebuild, tonumber(generation)} end
  local seen = tonumber(redis.call('HGET', keys[3], args[2]) or '0')
  local fresh = bit.band(tonumber(args[3]), bit.bnot(seen))
  if fresh ~= 0 then
    redis.call('HSET', keys[3], args[2], bit.bor(seen, fresh))
    for i = 4, #args do
      if bit.band(fresh, bit.lshift(1, i - 4)) ~= 0 then
        redis.call('HINCRBY', keys[4], args[i], 1)
      end
    end
  end
  return {1, rebuild}
end
