-- Moves a session from the mark that is counted to another one: whole, once, or not at all.
--
-- KEYS  guard, running rebuild, bucket of counted sessions, counters…
-- ARGV  generation, session id (12 bytes), expected mark ('' for none), target mark,
--       then, as JSON lists: number of a counter's key, its field and the amount, for each;
--       number of a key and when it expires, in seconds since 1970, for each
--
-- Answers {status, generation being rebuilt or 0, …} as `apply` does; refused, the mark that is
-- counted follows.

local function advance(keys, args)
  local rebuild = tonumber(redis.call('GET', keys[2]) or '0')
  local generation = redis.call('GET', keys[1]) or '0'
  if generation ~= args[1] then return {-2, rebuild, tonumber(generation)} end
  local mark = redis.call('HGET', keys[3], args[2]) or ''
  if mark ~= args[3] then return {0, rebuild, mark} end
  redis.call('HSET', keys[3], args[2], args[4])
  local steps, expiries = cjson.decode(args[5]), cjson.decode(args[6])
  for i = 1, #steps, 3 do
    redis.call('HINCRBY', keys[3 + steps[i]], steps[i + 1], steps[i + 2])
  end
  for i = 1, #expiries, 2 do
    redis.call('EXPIREAT', keys[3 + expiries[i]], expiries[i + 1])
  end
  return {1, rebuild}
end
