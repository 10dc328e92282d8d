-- Sets counters to what they come to, if those of a list are still what they were seen to be.
--
-- KEYS  guard
-- ARGV  generation, prefix of the counters' keys, then, as JSON:
--       seen and counters: lists of {key, name, value}, the value '' where there is none;
--       passing: list of {key, list of names and values in turn, second it expires at}: whole keys
-- The counters' keys are made of the prefix, which carries the hash tag of the declared one.
--
-- Answers 1, or 0 where something was counted meanwhile or another generation is live. Whatever
-- could fail is looked at before anything is changed.

local function mend(keys, args)
  if (redis.call('GET', keys[1]) or '0') ~= args[1] then return 0 end
  local prefix, asked = args[2], cjson.decode(args[3])
  for _, each in ipairs(asked.seen) do
    if (redis.call('HGET', prefix .. each[1], each[2]) or '') ~= each[3] then return 0 end
  end
  for _, each in ipairs(asked.counters) do
    redis.call('HSET', prefix .. each[1], each[2], each[3])
  end
  for _, each in ipairs(asked.passing) do
    redis.call('DEL', prefix .. each[1])
    if #each[2] > 0 then
      redis.call('HSET', prefix .. each[1], unpack(each[2]))
      redis.call('EXPIREAT', prefix .. each[1], each[3])
    end
  end
  return 1
end
