-- typst.lua - phase 2 for the PDF: one unit of the book as Typst, on stdout.
--   pandoc -f json UNIT.json -L book/typst.lua -t plain -o /dev/null > UNIT.typ
-- A serialiser and not a writer of pandoc's, so that pandoc 2.17 will do. It
-- refuses whatever it does not know: nothing is lost in silence.
local here = PANDOC_SCRIPT_FILE:match('^(.*/)') or './'
local places = dofile(here .. 'places.lua')
local stringify = pandoc.utils.stringify
local console = dofile(here .. 'console.lua')
local unit, depth

local function esc(s) return (s:gsub('[\\#%[%]$*_`<>@~/"\'=+%-]', '\\%0')) end
local function q(s) return '"' .. s:gsub('[\\"]', '\\%0'):gsub('\n', '\\n'):gsub('\t', '    ') .. '"' end

local inline, block = {}, {}

local function render(e, handlers)
  local handler = handlers[e.t]
  if not handler then error('typst: ' .. e.t .. ' is not handled: ' .. stringify(e), 0) end
  return handler(e)
end

-- Each "#call" ends in ";": without it Typst would take a "(", "[" or "." of
-- the text that follows for its own.
local function inlines(list)
  local out = {}
  for _, e in ipairs(list) do
    local s = render(e, inline)
    out[#out + 1] = s:match('^#') and s .. ';' or s
  end
  return table.concat(out)
end

-- "Here is how:" stays on the page of what it announces.
local function announces(e, following)
  return e.t == 'Para' and following and following.t ~= 'Para' and following.t ~= 'Header' and stringify(e):match(':$')
end

local function blocks(list)
  local out = {}
  for i, e in ipairs(list) do
    local s = render(e, block)
    if announces(e, list[i + 1]) then
      s = ('#lead(%s)[%s]'):format(tostring(i > 1 and list[i - 1].t == 'Para'), s)
    end
    out[#out + 1] = s
  end
  return table.concat(out, '\n\n')
end

local function call(name) return function(e) return '#' .. name .. '[' .. inlines(e.content) .. ']' end end

-- A number with a full stop would begin a list where it begins a line.
function inline.Str(e) return (esc(e.text):gsub('^(%d+)%.$', '%1\\.')) end
function inline.Space() return ' ' end
function inline.SoftBreak() return '\n' end
function inline.LineBreak() return '#linebreak()' end
inline.Emph, inline.Strong, inline.Strikeout = call 'emph', call 'strong', call 'strike'
inline.Superscript, inline.Subscript = call 'super', call 'sub'
function inline.Code(e) return '#raw(' .. q(e.text) .. ')' end
function inline.Note(e) return '#footnote[' .. blocks(e.content) .. ']' end

function inline.Quoted(e)
  if e.quotetype == 'SingleQuote' then return '‘' .. inlines(e.content) .. '’' end
  return '“' .. inlines(e.content) .. '”'
end

function inline.Link(e)
  local place = places.find(e.target)
  if not place then
    -- An address that stands in the text needs no footnote with the same.
    local how = (e.classes:includes('plain') or stringify(e) == e.target) and 'link' or 'weblink'
    return ('#%s(%s)[%s]'):format(how, q(e.target), inlines(e.content))
  end
  local id, name = q(places.id(place)), places.NAME[place.kind]
  if name then return ('#link(label(%s))[%s~%s]'):format(id, name, place.number) end
  local how = (e.classes:includes('plain') or place.unit == unit) and 'link' or 'placelink'
  return ('#%s(label(%s))[%s]'):format(how, id, inlines(e.content))
end

function inline.Span(e)
  if e.classes:includes('index') then return '#index(' .. q(e.attributes.term) .. ')' end
  return inlines(e.content)
end

block.Para = function(e) return inlines(e.content) end
block.Plain = block.Para
function block.HorizontalRule() return '#separator()' end
function block.BlockQuote(e) return '#quote(block: true)[' .. blocks(e.content) .. ']' end
function block.CodeBlock(e) return ('#plaincode(%s, %s)'):format(q(e.classes[1] or 'text'), q(e.text)) end

-- A chapter stands below its part, so its headings do too.
function block.Header(e)
  local a, id = e.attributes, e.identifier ~= '' and q(e.identifier) or 'none'
  if e.level == 1 and a.kind == 'chapter' then
    return ('#chapter(%s, %s)[%s]'):format(a.number, id, inlines(e.content))
  elseif e.level == 1 then
    return ('#matter(%s)[%s]'):format(id, inlines(e.content))
  end
  return ('#section(%d, %s, listed: %s)[%s]'):format(e.level + depth, id, tostring(not e.classes:includes('standard')), inlines(e.content))
end

-- A list is loose when its items are paragraphs.
local function list(name)
  return function(e)
    local items, loose = {}, e.content[1][1] and e.content[1][1].t == 'Para'
    for _, item in ipairs(e.content) do items[#items + 1] = '[' .. blocks(item) .. ']' end
    local start = name == 'enum' and 'start: ' .. (e.start or e.listAttributes.start) .. ', ' or ''
    return ('#%s(%stight: %s, %s)'):format(name, start, tostring(not loose), table.concat(items, ', '))
  end
end
block.BulletList, block.OrderedList = list 'list', list 'enum'

function block.DefinitionList(e)
  local items = {}
  for _, i in ipairs(e.content) do items[#items + 1] = ('terms.item([%s], [%s])'):format(inlines(i[1]), blocks(i[2][1])) end
  return '#terms(' .. table.concat(items, ', ') .. ')'
end

-- How wide a cell wants to be, in letters: its longest word fits, and long
-- texts get more room than short ones. Code is wider than text.
local function appetite(contents)
  local text, longest = stringify(contents), 0
  for word in text:gmatch('%S+') do longest = math.max(longest, utf8.len(word)) end
  local letters = utf8.len(text)
  return letters <= 18 and letters or math.max(longest * 1.2, math.min(letters, 70) * 0.6), letters
end

function block.Table(e)
  local align, wants, longest, rows = {}, {}, {}, {}
  for i, spec in ipairs(e.colspecs) do
    align[i] = ({ AlignRight = 'right', AlignCenter = 'center' })[spec[1]] or 'left'
    wants[i], longest[i] = 1, 0
  end
  local function row(r)
    local cells = {}
    for i, c in ipairs(r.cells or r[2]) do
      local contents = c.contents or c[5]
      local want, letters = appetite(contents)
      wants[i], longest[i] = math.max(wants[i], want), math.max(longest[i], letters)
      cells[i] = '[' .. blocks(contents) .. ']'
    end
    return table.concat(cells, ', ')
  end
  for _, r in ipairs(e.head.rows or e.head[2]) do rows[#rows + 1] = 'table.header(' .. row(r) .. ')' end
  for _, b in ipairs(e.bodies) do
    for _, r in ipairs(b.body) do rows[#rows + 1] = row(r) end
  end
  local columns = {}
  for i, want in ipairs(wants) do columns[i] = longest[i] > 18 and ('%.1ffr'):format(want) or 'auto' end
  return ('#booktab(%d, columns: (%s,), align: (%s,), %s)'):format(#rows, table.concat(columns, ', '), table.concat(align, ', '), table.concat(rows, ', '))
end

local div = {}

function div.listing(e)
  local a = e.attributes
  local words = e.content[2] and inlines(e.content[2].content) or ''
  return ('#listing(%s, number: %s, file: %s, where: %s, lines: (%s,), lang: %s, words: [%s], %s)'):format(
    q(e.identifier), q(a.number), q(a.file), q(places.span(a.lines)), a.lines, q(e.content[1].classes[1]), words, q(e.content[1].text))
end

function div.console(e)
  local rows = {}
  for _, r in ipairs(console(e.content[1].text)) do
    rows[#rows + 1] = ('(%s, %d, %s, %s)'):format(q(r.kind), r.colour, q(r.name), q(r.text))
  end
  return '#console(' .. table.concat(rows, ', ') .. ')'
end

function div.box(e) return ('#notebox(%s, %s)[%s]'):format(q(e.classes[2]), q(e.attributes.title), blocks(e.content)) end
function div.columns(e) return '#twocolumns[' .. blocks(e.content) .. ']' end

function div.exercise(e)
  return ('#exercise(%s, %s, %s, level: %d)[%s]'):format(q(e.identifier), q(e.attributes.number), q(e.attributes.title), 2 + depth, blocks(e.content))
end

local function id_of(e) return e.identifier ~= '' and q(e.identifier) or 'none' end

function div.figure(e)
  local image, caption = e.content[1].content[1], e.content[2].content
  local alt, width = stringify(caption), 86
  if image.src:match('%.svg$') then
    local f = assert(io.open(image.src))
    alt = f:read('a'):match('<desc[^>]*>(.-)</desc>') or alt
    f:close()
    alt = alt:gsub('&quot;', '"'):gsub('&lt;', '<'):gsub('&gt;', '>'):gsub('&amp;', '&')
  end
  -- So that 13 px of a diagram are 7.6 pt.
  if image.attributes.natural then width = math.min(100, tonumber(image.attributes.natural) / 6.6) end
  return ('#bookfigure(%s, number: %s, src: %s, width: %.1f%%, alt: %s)[%s]'):format(
    id_of(e), q(e.attributes.number), q('/' .. image.src), width, q(alt), blocks(caption))
end

function div.tablebox(e)
  return ('#booktable(%s, number: %s)[%s][%s]'):format(id_of(e), q(e.attributes.number), blocks(e.content[1].content), block.Table(e.content[2]))
end

function block.Div(e)
  local special = div[e.classes[1]]
  return special and special(e) or blocks(e.content)
end

function Pandoc(doc)
  unit = doc.meta.unit and stringify(doc.meta.unit)
  local first = doc.blocks[1]
  depth = first.t == 'Header' and first.attributes.kind == 'chapter' and 1 or 0
  local part = unit and places.opens(doc.meta, unit)
  local body = blocks(doc.blocks)
  places.finish()
  io.write('#import "/book/pdf/book.typ": *\n')
  if part then io.write(('#part(%s, %s)\n'):format(q(places.roman(part.number)), q(part.title))) end
  io.write(body, '\n#metadata(none)<unit-end>\n')
  return pandoc.Pandoc {}
end
