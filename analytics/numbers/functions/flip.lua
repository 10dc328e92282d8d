-- Puts a rebuilt generation in the place of the live one, at once or not at all.
--
-- KEYS  live generation, running rebuild
-- ARGV  the rebuilt generation, prefix of the live keys, prefix of the rebuilt keys
--
-- Answers 1, or 0 where another rebuild has taken over or this one's time ran out. The names of
-- the keys are read from the numbers themselves, here, because a count may add one at any time;
-- they carry the same hash tag as the declared ones.

local function names_in(key)
  -- None in a key that holds something else: it is replaced all the same.
  return redis.call('TYPE', key).ok == 'hash' and redis.call('HKEYS', key) or {}
end

local function suffixes(prefix)
  local found = {'stats', 'fields', 'timeseries:day', 'hashes', 'distinct_gone', 'waiting', 'taken'}
  found[#found + 1] = 'sessions'
  found[#found + 1] = 'sessions:day'
  for _, day in ipairs(names_in(prefix .. 'timeseries:day')) do
    found[#found + 1] = 'timeseries:quarter_hour:' .. day
    found[#found + 1] = 'timeseries:minute:' .. day
  end
  for _, field in ipairs(names_in(prefix .. 'fields')) do
    found[#found + 1] = 'field:' .. field .. ':dist'
    found[#found + 1] = 'field:' .. field .. ':numbers'
    found[#found + 1] = 'field:' .. field .. ':distinct'
  end
  for _, day in ipairs(names_in(prefix .. 'sessions:day')) do
    local quarters = 'sessions:quarter_hour:' .. day
    found[#found + 1] = 'sessions:day:' .. day
    found[#found + 1] = quarters
    for _, number in ipairs(names_in(prefix .. quarters)) do
      found[#found + 1] = quarters .. ':' .. number
    end
  end
  return found
end

local function flip(keys, args)
  if redis.call('GET', keys[2]) ~= args[1] then return 0 end
  local live, shadow = args[2], args[3]
  for _, suffix in ipairs(suffixes(live)) do
    redis.call('DEL', live .. suffix)
  end
  for _, suffix in ipairs(suffixes(shadow)) do
    if redis.call('EXISTS', shadow .. suffix) == 1 then
      redis.call('RENAME', shadow .. suffix, live .. suffix)
    end
  end
  redis.call('SET', keys[1], args[1])
  redis.call('DEL', keys[2])
  return 1
end
