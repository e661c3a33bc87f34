-- web.lua - phase 2 for HTML: a page of the web book, or the whole EPUB.
--   pandoc -f json UNIT.json -L book/web.lua -M page=UNIT -t html5 ...
--   pandoc -f json *.json -L book/web.lua -t epub3 ...
-- Resolves links, and writes listings, transcripts, figures, boxes and
-- exercises as HTML. For a page also the navigation, and the page's sections
-- for the search, in build/book/UNIT.search.
local here = PANDOC_SCRIPT_FILE:match('^(.*/)') or './'
local places, console = dofile(here .. 'places.lua'), dofile(here .. 'console.lua')
local stringify = pandoc.utils.stringify
local page -- the unit of this page; nil in the EPUB

local ENTITIES = { ['&'] = '&amp;', ['<'] = '&lt;', ['>'] = '&gt;', ['"'] = '&quot;' }
local function esc(s) return (s:gsub('[&<>"]', ENTITIES)) end
local function raw(s) return pandoc.RawBlock('html', s) end

-- Ids are unique in the whole book; a page of its own needs no prefix.
local function own(id) return page and (id:gsub('^ch%-' .. page:gsub('%p', '%%%0') .. '%-%-', '')) or id end

local function file_of(unit) return unit .. '.html' end

local function link(l)
  local place = places.find(l.target)
  l.classes = {}
  if not place then return l end
  if not page then l.target = '#' .. places.id(place)
  else
    local id = place.id == 'top' and '' or '#' .. place.id
    l.target = (place.unit == page and id ~= '') and id or file_of(place.unit) .. id
  end
  local name = places.NAME[place.kind]
  if name then l.content = { pandoc.Str(name .. '\u{a0}' .. place.number) } end
  return l
end

local function span(s)
  if not s.classes:includes('index') then return nil end
  return pandoc.Span({}, pandoc.Attr(own(s.identifier), { 'index' }))
end

----------------------------------------------------------------- blocks -----
local function caption(number, inlines)
  local words = pandoc.List { pandoc.Span({ pandoc.Str(number) }, pandoc.Attr('', { 'n' })), pandoc.Space() }
  words:extend(inlines)
  return pandoc.Div({ pandoc.Plain(words) }, pandoc.Attr('', { 'caption' }))
end

-- pandoc's highlighting, line by line; the numbers are for the eye only.
local function highlighted(block, lines)
  local html = pandoc.write(pandoc.Pandoc { pandoc.CodeBlock(block.text, pandoc.Attr('', { block.classes[1] or '' })) }, 'html5')
  local inside, out = html:match('<code[^>]*>(.*)</code>'), {}
  local numbers = (lines or ''):gmatch('%d+')
  for line in (inside .. '\n'):gmatch('([^\n]*)\n') do
    line = line:gsub('^<span id="cb1%-%d+"><a [^>]*></a>(.*)</span>$', '%1')
    out[#out + 1] = lines and ('<span class="line" data-n="%s">%s</span>'):format(numbers(), line) or line
  end
  return '<pre tabindex="0"><code>' .. table.concat(out, '\n') .. '</code></pre>'
end

-- What may be wider than a phone scrolls, and so the keyboard must reach it.
local function scrolling(label)
  return '<div class="scroll" tabindex="0" role="group" aria-label="' .. esc(label) .. '">'
end

local div = {}

function div.listing(d)
  local a = d.attributes
  local words = pandoc.List { pandoc.Code(a.file), pandoc.Space() }
  if d.content[2] then words:extend(d.content[2].content) words:insert(pandoc.Space()) end
  words:insert(pandoc.Span({ pandoc.Str(places.span(a.lines)) }, pandoc.Attr('', { 'where' })))
  return pandoc.Div({ caption('Listing ' .. a.number, words), raw(highlighted(d.content[1], a.lines)) },
    pandoc.Attr(own(d.identifier), { 'listing' }))
end

function div.console(d)
  local out = {}
  for _, r in ipairs(console(d.content[1].text)) do
    local name = r.name ~= '' and ('<span class="terminal t%d">%s</span> '):format(r.colour, esc(r.name)) or ''
    local text = esc(r.text)
    if r.kind == 'prompt' then text = '<kbd>' .. text .. '</kbd>' end
    if r.kind == 'comment' then text = '<span class="co">' .. text .. '</span>' end
    out[#out + 1] = name .. text
  end
  return raw('<pre class="console" tabindex="0"><code>' .. table.concat(out, '\n') .. '</code></pre>')
end

function div.box(d)
  local out = pandoc.List { raw(('<aside class="box %s" aria-label="%s"><p class="box-title">%s</p>'):format(d.classes[2], esc(d.attributes.title), esc(d.attributes.title))) }
  out:extend(d.content)
  out:insert(raw('</aside>'))
  return out
end

local figures = 0
function div.figure(d)
  local image, words = d.content[1].content[1], d.content[2].content[1].content
  local inner
  if image.src:match('%.svg$') then
    local f = assert(io.open(image.src))
    inner = f:read('a'):gsub('^%s*<%?xml.-%?>%s*', ''):gsub('<!DOCTYPE.->%s*', '')
    f:close()
    figures = figures + 1 -- a figure shown twice has its ids twice
    inner = inner:gsub('(ch%-[%w-]+%-[td])(["%s])', '%1' .. figures .. '%2')
  else
    inner = ('<img src="%s" alt="%s" />'):format(image.src, esc(stringify(words)))
  end
  return pandoc.Div({ raw('<figure>' .. scrolling(stringify(words)) .. inner .. '</div><figcaption>'),
    caption('Figure ' .. d.attributes.number, words), raw('</figcaption></figure>') }, pandoc.Attr(own(d.identifier), { 'figure' }))
end

function div.tablebox(d)
  local words = d.content[1].content[1].content
  local t = d.content[2]
  t.attr = pandoc.Attr('', {}, { label = stringify(words) }) -- for scrolling()
  return pandoc.Div({ caption('Table ' .. d.attributes.number, words), t }, pandoc.Attr(own(d.identifier), { 'tablebox' }))
end

function div.exercise(d)
  local a = d.attributes
  local head = pandoc.Header(2, { pandoc.Span({ pandoc.Str('Exercise ' .. a.number) }, pandoc.Attr('', { 'n' })), pandoc.Space(), pandoc.Str(a.title) },
    pandoc.Attr(own(d.identifier), { 'exercise-title' }))
  local out = pandoc.List { head }
  out:extend(d.content)
  return page and pandoc.Div(out, pandoc.Attr('', { 'exercise' })) or out
end

local function any_div(d)
  local special = div[d.classes[1]]
  if special then return special(d) end
  d.identifier = own(d.identifier)
  return d
end

local function any_table(t)
  local label = t.attr.attributes.label or 'Table'
  t.attr = pandoc.Attr()
  for i, spec in ipairs(t.colspecs) do t.colspecs[i] = { spec[1], nil } end
  return { raw(scrolling(label)), t, raw('</div>') }
end

local function any_code(b) return { raw('<div class="plaincode">' .. highlighted(b) .. '</div>') } end

--------------------------------------------------------------- headings -----
local function heading(h, shift)
  local a = h.attributes
  if h.level == 1 and a.kind == 'chapter' then
    local number = page and 'Chapter ' .. a.number or a.number .. '.'
    h.content:insert(1, pandoc.Span({ pandoc.Str(number) }, pandoc.Attr('', { 'number' })))
    h.content:insert(2, pandoc.Space())
  end
  h.attributes, h.classes = {}, h.classes:includes('exercise-title') and { 'exercise-title' } or {}
  h.identifier = own(h.identifier)
  h.level = h.level + shift
  return h
end

local function with_anchor(h)
  if h.level > 1 and h.identifier ~= '' then
    h.content:insert(pandoc.Link({ pandoc.Str('#') }, '#' .. h.identifier, '', { class = 'anchor', ['aria-label'] = 'Link to this section' }))
  end
  return h
end

-- In the EPUB a part is a heading of its own, above its chapters.
local function whole_book(doc)
  local out, shift = pandoc.List {}, 0
  for _, b in ipairs(doc.blocks) do
    if b.t == 'Header' and b.level == 1 then
      local part = places.opens(doc.meta, b.attributes.unit or '')
      shift = b.attributes.kind == 'chapter' and 1 or 0
      if part then
        out:insert(pandoc.Header(1, ('Part %s. %s'):format(places.roman(part.number), part.title), pandoc.Attr('part-' .. part.number)))
      end
    end
    if b.t == 'Header' then b = heading(b, b.classes:includes('exercise-title') and 1 or shift) end
    out:insert(b)
  end
  return out
end

------------------------------------------------------------ around a page ---
local function entry(unit)
  local current = unit.unit == page
  local number = unit.number ~= '' and '<b>' .. unit.number .. '</b>' or ''
  local out = { ('<li><a href="%s"%s>%s%s</a>'):format(file_of(unit.unit), current and ' aria-current="page"' or '', number, esc(unit.title)) }
  if current and #unit.sections > 0 then
    out[#out + 1] = '<ol>'
    for _, s in ipairs(unit.sections) do
      out[#out + 1] = ('<li><a href="#%s">%s</a></li>'):format(s.id, esc(s.kind == 'ex' and 'Exercise: ' .. s.title or s.title))
    end
    out[#out + 1] = '</ol>'
  end
  out[#out + 1] = '</li>'
  return table.concat(out)
end

local function navigation(meta)
  local out, parts, in_part = { '<ul>' }, places.parts(meta), {}
  for _, part in ipairs(parts) do
    for _, unit in ipairs(part.chapters) do in_part[unit.unit] = part end
  end
  for _, unit in ipairs(places.units) do
    local part = in_part[unit.unit]
    if part and part.chapters[1] == unit then
      out[#out + 1] = ('<li class="part"><span>Part %s. %s</span><ul>'):format(places.roman(part.number), esc(part.title))
    end
    out[#out + 1] = entry(unit)
    if part and part.chapters[#part.chapters] == unit then out[#out + 1] = '</ul></li>' end
  end
  out[#out + 1] = '</ul>'
  return pandoc.MetaBlocks { raw(table.concat(out, '\n')) }
end

local function neighbours(meta)
  for i, unit in ipairs(places.units) do
    if unit.unit == page then
      local before, after = places.units[i - 1], places.units[i + 1]
      meta.pagetitle = unit.title
      if before then meta.prev, meta.prevtitle = file_of(before.unit), before.title end
      if after then meta.next, meta.nexttitle = file_of(after.unit), after.title end
    end
  end
end

local function json(s)
  return '"' .. s:gsub('[%c"\\]', function(c) return ('\\u%04x'):format(c:byte()) end):gsub('</', '<\\/') .. '"'
end

-- One object for each section: where it is, on whose page, its title, its words.
local function write_search(blocks)
  local sections, current = {}, nil
  local function add(list)
    for _, b in ipairs(list) do
      if b.t == 'Header' and b.level <= 3 then
        current = { id = own(b.identifier), title = stringify(b), words = {} }
        sections[#sections + 1] = current
      elseif b.t == 'Div' and b.classes:includes('exercise') then
        current = { id = own(b.identifier), title = 'Exercise: ' .. b.attributes.title, words = {} }
        sections[#sections + 1] = current
        add(b.content)
      elseif current then
        local words = pandoc.write(pandoc.Pandoc { b }, 'plain'):gsub('%s+', ' ')
        table.insert(current.words, words)
      end
    end
  end
  add(blocks)
  local whole = sections[1] and sections[1].title or ''
  local f = assert(io.open('build/book/' .. page .. '.search', 'w'))
  for i, s in ipairs(sections) do
    local where = file_of(page) .. ((i == 1 or s.id == '') and '' or '#' .. s.id)
    f:write(('{"url":%s,"page":%s,"title":%s,"text":%s},\n'):format(json(where), json(i == 1 and '' or whole), json(s.title), json(table.concat(s.words, ' '))))
  end
  f:close()
end

function Pandoc(doc)
  page = doc.meta.page and stringify(doc.meta.page)
  doc = doc:walk { Link = link, Span = span }
  if page and page ~= 'index' then write_search(doc.blocks) end
  doc = doc:walk { Div = any_div }
  doc = doc:walk { Table = any_table, CodeBlock = any_code }
  if page then
    doc = doc:walk { Header = function(h) return with_anchor(heading(h, 0)) end }
    doc.meta.nav = navigation(doc.meta)
    neighbours(doc.meta)
  else
    doc.blocks = whole_book(doc)
    doc = doc:walk { Div = function(d) return d.classes[1] == 'columns' and d.content or nil end }
  end
  doc.meta.parts = nil
  places.finish()
  return doc
end
