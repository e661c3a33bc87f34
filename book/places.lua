-- places.lua - what phase 2 knows of the whole book: every place that a link
-- can go to, the units in their order, and the parts they belong to.
local stringify = pandoc.utils.stringify
local M = { units = {}, terms = {} }
local places, by_unit, failed = {}, {}, false

-- build/book/labels.tsv: unit, id, kind, number, title; in the book's order.
for line in io.lines('build/book/labels.tsv') do
  local unit, id, kind, number, title = line:match('^(.-)\t(.-)\t(.-)\t(.-)\t(.*)$')
  if unit then
    local place = { unit = unit, id = id, kind = kind, number = number, title = title }
    places[unit .. '#' .. id] = place
    if id == 'top' then
      M.units[#M.units + 1] = place
      by_unit[unit] = place
      place.sections = {}
    elseif kind == 'section' or kind == 'ex' then
      if by_unit[unit] then table.insert(by_unit[unit].sections, place) end
    elseif kind == 'index' then
      M.terms[#M.terms + 1] = place
    end
  end
end

M.NAME = { fig = 'Figure', tbl = 'Table', lst = 'Listing', ex = 'Exercise' }

-- The id of a place, unique in the whole book.
function M.id(place) return 'ch-' .. place.unit .. (place.id == 'top' and '' or '--' .. place.id) end

-- The place that a link target "xref:UNIT#ID" names; nil for other targets.
function M.find(target)
  local key = target:match('^xref:(.*)$')
  if not key then return nil end
  if not places[key] then
    io.stderr:write('no such place in the book: ' .. key .. '\n')
    failed = true
  end
  return places[key] or { unit = key, id = 'top', kind = 'missing', number = '', title = '' }
end

-- To be called at the end: a link without a place fails the build.
function M.finish()
  if failed then os.exit(1) end
end

-- The parts of book.yaml that have a chapter, with their chapters.
function M.parts(meta)
  local parts = {}
  for number, p in ipairs(meta.parts) do
    local part = { number = number, title = stringify(p.title), chapters = {} }
    local from, to = tonumber(stringify(p.from)), tonumber(stringify(p.to))
    for _, unit in ipairs(M.units) do
      local n = unit.kind == 'chapter' and tonumber(unit.number)
      if n and n >= from and n <= to then table.insert(part.chapters, unit) end
    end
    if #part.chapters > 0 then parts[#parts + 1] = part end
  end
  return parts
end

-- The part that this unit opens, or nil.
function M.opens(meta, unit)
  for _, part in ipairs(M.parts(meta)) do
    if part.chapters[1].unit == unit then return part end
  end
end

local ROMAN = { 'I', 'II', 'III', 'IV', 'V', 'VI', 'VII', 'VIII', 'IX', 'X' }
function M.roman(n) return ROMAN[n] end

-- "1,2,3,5" as "1–3, 5".
function M.span(lines)
  local runs = {}
  for n in lines:gmatch('%d+') do
    n = tonumber(n)
    local run = runs[#runs]
    if run and run[2] == n - 1 then run[2] = n else runs[#runs + 1] = { n, n } end
  end
  return 'lines ' .. runs[1][1] .. '–' .. runs[#runs][2]
end

return M
