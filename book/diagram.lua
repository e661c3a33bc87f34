-- diagram.lua - two kinds of mermaid fence, drawn as SVG in the book's style:
-- "sequenceDiagram" and "packet-beta". A forge draws the same fences itself.
-- Colours are presentation attributes: a style sheet can override them (dark
-- mode), and a converter without CSS still gets them right.
local M = {}

-- Quoted: a family name with a part that starts with a digit is not valid CSS.
local SANS = "'Source Sans 3', 'DejaVu Sans', sans-serif"
local MONO = "'Source Code Pro', 'DejaVu Sans Mono', monospace"
local INK, SOFT, FILL, ACCENT, PAPER, LOST = '#1d2733', '#5b6773', '#eef3f8', '#0b5c8f', '#ffffff', '#b3261e'

local function esc(s)
  return (s:gsub('[&<>"]', { ['&'] = '&amp;', ['<'] = '&lt;', ['>'] = '&gt;', ['"'] = '&quot;' }))
end

local function fmt(n)
  return type(n) == 'number' and (('%.1f'):format(n):gsub('%.0$', '')) or n
end

local Svg = {}
Svg.__index = Svg

function Svg:add(s, ...)
  local values = { ... }
  for i, v in ipairs(values) do values[i] = fmt(v) end
  self[#self + 1] = s:format(table.unpack(values))
end

function Svg:text(x, y, s, o)
  self:add('<text x="%s" y="%s" class="%s" fill="%s" font-size="%s" font-weight="%s" text-anchor="%s" font-family="%s"%s>%s</text>',
    x, y, o.class or 'd-ink', o.fill or INK, o.size or 13, o.weight or 400, o.anchor or 'middle', o.font or SANS,
    o.turn and ('transform="rotate(-90 %s %s)"'):format(fmt(x), fmt(y)):gsub('^', ' ') or '', esc(s))
end

-- The words of the diagram are its description: never out of date.
function Svg:finish(w, h, id, title, words)
  return ('<svg xmlns="http://www.w3.org/2000/svg" class="diagram" role="img" aria-labelledby="%s-t %s-d" '
    .. 'viewBox="0 0 %s %s" width="%s" height="%s">\n<title id="%s-t">%s</title><desc id="%s-d">%s</desc>\n%s\n</svg>\n')
    :format(id, id, fmt(w), fmt(h), fmt(w), fmt(h), id, esc(title), id, esc(words), table.concat(self, '\n'))
end

local function new() return setmetatable({}, Svg) end
local function width(s, size) return utf8.len(s) * size * 0.54 end
local function mono_width(s, size) return utf8.len(s) * size * 0.6 end

----------------------------------------------------------------- sequence ---
local ARROWS = { ['->>'] = {}, ['-->>'] = { dashed = true }, ['->'] = {}, ['-->'] = { dashed = true },
  ['-x'] = { lost = true }, ['--x'] = { lost = true, dashed = true }, ['-)'] = {}, ['--)'] = { dashed = true } }

local function parse_sequence(src)
  local who, by, steps = {}, {}, {}
  local function actor(id)
    if not by[id] then
      who[#who + 1] = { label = id }
      by[id] = #who
    end
    return by[id]
  end
  for line in src:gmatch('[^\n]+') do
    line = line:match('^%s*(.-)%s*$')
    local id, label = line:match('^participant%s+(%S+)%s+as%s+(.+)$')
    local side, at, note = line:match('^Note%s+(%a+%s?%a*)%s+([%w,]+)%s*:%s*(.+)$')
    local a, arrow, b, text = line:match('^(%w+)%s*(%-[%->x%)]*)%s*(%w+)%s*:%s*(.*)$')
    if id then who[actor(id)].label = label
    elseif line:match('^participant%s+%S+$') then actor(line:match('%S+$'))
    elseif note then
      local step = { side = side:match('^%a+'), at = {}, lines = {} }
      for w in at:gmatch('%w+') do step.at[#step.at + 1] = actor(w) end
      for l in (note:gsub('<br%s*/?>', '\n')):gmatch('[^\n]+') do step.lines[#step.lines + 1] = l end
      steps[#steps + 1] = step
    elseif a and ARROWS[arrow] then
      steps[#steps + 1] = { from = actor(a), to = actor(b), text = text, kind = ARROWS[arrow] }
    elseif line ~= 'sequenceDiagram' and line ~= '' and not line:match('^%%%%') then
      error('sequence diagram: cannot read "' .. line .. '"', 0)
    end
  end
  return who, steps
end

-- A note that is a call which makes its side send: it stands at the arrow's
-- tail. Other notes stand where something arrived.
local function is_cause(text)
  return text:match('^send') or text:match('^write') or text:match('^close') or text:match('^shutdown')
    or text:match('^connect') and not text:find('=')
end

local TEXT, NOTE, ROW, STEP, SLANT = 13, 11.2, 14.5, 30, 9

-- Where the lifelines stand, and how wide the picture is.
local function columns(who, steps)
  local gap, left, right, x = {}, 64, 64, {}
  for i = 1, #who do gap[i] = 210 end
  for _, s in ipairs(steps) do
    for _, line in ipairs(s.lines or {}) do
      local need = mono_width(line, NOTE) + 22
      if s.side == 'left' then left = math.max(left, need) end
      if s.side == 'right' then right = math.max(right, need) end
    end
    if s.from then
      local lo, hi = math.min(s.from, s.to), math.max(s.from, s.to)
      for i = lo, hi - 1 do gap[i] = math.max(gap[i], (width(s.text, TEXT) + 40) / (hi - lo)) end
    end
  end
  x[1] = left
  for i = 2, #who do x[i] = x[i - 1] + gap[i - 1] end
  return x, x[#x] + right
end

-- Two cursors go down the page, one at each side, and the arrows tie them.
local function layout(who, steps, top)
  local placed, waiting, cursor, begun, tail = {}, {}, {}, {}, top
  for i = 1, #who do waiting[i], cursor[i] = {}, top end
  local function put(actor, from, to, y)
    for i = from, to do
      local note = waiting[actor][i]
      placed[#placed + 1] = { note = note.text, side = note.side, at = actor, y = y }
      y = y + ROW
    end
    return y
  end
  local function settle(actor)
    cursor[actor] = put(actor, 1, #waiting[actor], cursor[actor])
    waiting[actor] = {}
  end
  for _, s in ipairs(steps) do
    if s.side == 'over' then
      for i = 1, #who do settle(i) end
      local y = tail
      for i = 1, #who do y = math.max(y, cursor[i]) end
      placed[#placed + 1] = { over = s, y = y }
      tail = y + STEP
      for i = 1, #who do cursor[i] = tail end
    elseif s.lines then
      for _, text in ipairs(s.lines) do
        table.insert(waiting[s.at[1]], { text = text, side = s.side })
      end
    else
      local mine, n = waiting[s.from], #waiting[s.from]
      local cause = n > 0 and is_cause(mine[n].text)
      local others = cause and n - 1 or n
      settle(s.to)
      -- The head comes below what its side did before; the tail, beside its cause.
      tail = math.max(tail, cursor[s.to] - SLANT + (begun[s.to] and 0 or 2), cursor[s.from] + others * ROW - (cause and 0 or ROW))
      local first = begun[s.from] and cursor[s.from] or tail - others * ROW
      put(s.from, 1, others, first)
      if cause then put(s.from, n, n, tail) end
      waiting[s.from] = {}
      placed[#placed + 1] = { arrow = s, y = tail }
      cursor[s.from], cursor[s.to] = tail + ROW + 3, tail + SLANT
      begun[s.from], begun[s.to] = true, true
      tail = tail + STEP
    end
  end
  for i = 1, #who do settle(i) end
  local bottom = tail - STEP + SLANT
  for i = 1, #who do bottom = math.max(bottom, cursor[i] - ROW) end
  return placed, bottom + 16
end

local function draw_arrow(body, x, p)
  local s = p.arrow
  local a, b = x[s.from], x[s.to]
  local dir = b > a and 1 or -1
  local steep = SLANT / math.abs(b - a)
  local bx = s.kind.lost and a + (b - a) * 0.6 or b - dir * 1.5
  local by = p.y + math.abs(bx - a) * steep
  body:add('<path d="M%s %sL%s %s" class="d-line" fill="none" stroke="%s" stroke-width="1.4"%s/>',
    a, p.y, bx - dir * 6, by - 6 * steep, ACCENT, s.kind.dashed and ' stroke-dasharray="5 3.5"' or '')
  if s.kind.lost then
    body:add('<path d="M%s %sl10 10m0 -10l-10 10" class="d-lost" fill="none" stroke="%s" stroke-width="2"/>', bx - 5, by - 5, LOST)
  else
    local angle = math.deg(math.atan(SLANT, b - a))
    body:add('<path d="M%s %sl-9 -4.2l1.6 4.2l-1.6 4.2z" transform="rotate(%s %s %s)" class="d-head" fill="%s"/>',
      bx, by, angle, bx, by, ACCENT)
  end
  body:text((a + b) / 2, p.y + SLANT / 2 - 7.5, s.text, { size = TEXT })
end

local function draw_over(body, x, p)
  local text = table.concat(p.over.lines, ' ')
  local a, b = x[p.over.at[1]], x[p.over.at[#p.over.at]]
  local half = math.max(width(text, 12) / 2 + 12, (b - a) / 2 + 14)
  body:add('<rect x="%s" y="%s" width="%s" height="22" rx="3" class="d-note" fill="#fff7dc" stroke="#e3cf8a" stroke-width="0.8"/>',
    (a + b) / 2 - half, p.y - 8, half * 2)
  body:text((a + b) / 2, p.y + 7, text, { size = 12 })
end

local function in_words(who, steps)
  local words = {}
  for _, s in ipairs(steps) do
    if s.from then
      words[#words + 1] = ('%s to %s: %s%s.'):format(who[s.from].label, who[s.to].label, s.text, s.kind.lost and ' (lost)' or '')
    else
      words[#words + 1] = ('At %s: %s.'):format(who[s.at[1]].label, table.concat(s.lines, ', '))
    end
  end
  return table.concat(words, ' ')
end

local function sequence(src, title, id)
  local who, steps = parse_sequence(src)
  local x, w = columns(who, steps)
  local placed, h = layout(who, steps, 60)
  local out = new()
  for i, p in ipairs(who) do
    local half = math.max(86, width(p.label, 14) + 28) / 2
    out:add('<path d="M%s 38V%s" class="d-life" stroke="%s" stroke-width="1"/>', x[i], h - 4, SOFT)
    out:add('<rect x="%s" y="8" width="%s" height="30" rx="4" class="d-box" fill="%s" stroke="%s" stroke-width="1.2"/>',
      x[i] - half, half * 2, FILL, ACCENT)
    out:text(x[i], 28, p.label, { size = 14, weight = 600 })
  end
  for _, p in ipairs(placed) do
    if p.arrow then draw_arrow(out, x, p)
    elseif p.over then draw_over(out, x, p)
    else
      local left = p.side == 'left'
      out:text(x[p.at] + (left and -12 or 12), p.y + 4, p.note, { size = NOTE, font = MONO, anchor = left and 'end' or 'start' })
    end
  end
  return out:finish(w, h, id, title, in_words(who, steps)), w
end

------------------------------------------------------------------- packet ---
local CELL, HEIGHT, X0, Y0 = 18.5, 34, 34, 22

local function field(out, a, b, label)
  local row, column, bits = a // 32, a % 32, b - a + 1
  local rows = (bits + 31) // 32
  if rows > 1 and (column ~= 0 or bits % 32 ~= 0) then
    error('packet: a field of several rows must fill them: ' .. label, 0)
  end
  local w, x, y = math.min(bits, 32) * CELL, X0 + column * CELL, Y0 + row * HEIGHT
  out:add('<rect x="%s" y="%s" width="%s" height="%s" class="d-box" fill="%s" stroke="%s" stroke-width="1"/>',
    x, y, w, rows * HEIGHT, bits == 1 and PAPER or FILL, INK)
  if bits == 1 then
    out:text(x + CELL / 2 + 3.6, y + HEIGHT / 2, label, { size = 10, font = MONO, turn = true })
  else
    local size = 13
    while size > 9 and width(label, size) > w - 6 do size = size - 1 end
    out:text(x + w / 2, y + rows * HEIGHT / 2 + size * 0.35, label, { size = size })
  end
  return row + rows
end

local function packet(src, title, id)
  local out, words, rows = new(), {}, 0
  for line in src:gmatch('[^\n]+') do
    local a, b, label = line:match('^%s*(%d+)%-(%d+)%s*:%s*"(.*)"%s*$')
    if not a then
      a, label = line:match('^%s*(%d+)%s*:%s*"(.*)"%s*$')
      b = a
    end
    if a then
      rows = math.max(rows, field(out, tonumber(a), tonumber(b), label))
      words[#words + 1] = (a == b and 'Bit ' .. a or 'Bits ' .. a .. ' to ' .. b) .. ': ' .. label .. '.'
    elseif line:match('%S') and not line:match('^%s*packet') then
      error('packet diagram: cannot read "' .. line .. '"', 0)
    end
  end
  for i = 0, 31 do
    local strong = i % 8 == 0 or i == 31
    out:text(X0 + i * CELL + CELL / 2, Y0 - 6, tostring(i),
      { size = 9, class = strong and 'd-ink' or 'd-soft', fill = strong and INK or SOFT, font = MONO })
  end
  for r = 0, rows - 1 do
    out:text(X0 - 8, Y0 + r * HEIGHT + HEIGHT / 2 + 3, tostring(r * 4), { size = 9, class = 'd-soft', fill = SOFT, anchor = 'end', font = MONO })
  end
  local w = X0 + 32 * CELL + 4
  return out:finish(w, Y0 + rows * HEIGHT + 4, id, title, table.concat(words, ' ')), w
end

-- The SVG and its width in pixels.
function M.draw(src, title, id)
  if src:match('^%s*sequenceDiagram') then return sequence(src, title, id) end
  if src:match('^%s*packet') then return packet(src, title, id) end
  error('a diagram of a kind that the book cannot draw: ' .. src:match('^[^\n]*'), 0)
end

return M
