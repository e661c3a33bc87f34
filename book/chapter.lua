-- chapter.lua - phase 1: one text of the book, as JSON that knows no format.
--   pandoc -f commonmark_x -t json -L book/chapter.lua lessons/NN-slug/README.md
-- Reads a lesson's README.md or answers.md, or one of book/front/*.md. Figures,
-- tables, listings and exercises get numbers and ids that are unique in the
-- whole book; alerts become boxes; diagrams are drawn; links become names of
-- places, "xref:UNIT#ID", which phase 2 resolves. Beside the output it writes
-- NAME.labels (the places defined) and NAME.d (what make should know).
local here = PANDOC_SCRIPT_FILE:match('^(.*/)') or './'
local diagram = dofile(here .. 'diagram.lua')
local stringify = pandoc.utils.stringify

local path = PANDOC_STATE.input_files[1]
local dir, base = path:match('^(.-)([^/]+)%.md$')
local lesson = dir:match('lessons/([^/]+)/$')
-- The unit is the page of the web book that this text belongs to.
local unit = lesson and (base == 'README' and lesson or lesson .. '.' .. base) or base
local number = lesson and tonumber(lesson:match('^%d+'))
local out = 'build/book/' .. unit
local labels, order, counts, sources = {}, {}, {}, {}

-- Sections that every chapter has: not worth a line in the printed contents.
local STANDARD = {}
for _, title in ipairs { 'You will be able to', 'Run it', 'On the wire', 'When it goes wrong', 'In Python',
  'What it still cannot do', 'Questions', 'Further reading' } do STANDARD[title] = true end

local function fail(message)
  io.stderr:write(path .. ': ' .. message .. '\n')
  os.exit(1)
end

local function exists(name)
  local f = io.open(name)
  if f then f:close() end
  return f ~= nil
end

local function global(id) return 'ch-' .. unit .. '--' .. id end

local function define(kind, id, nr, title)
  if labels[id] then fail('the label ' .. id .. ' is defined twice') end
  labels[id] = true
  order[#order + 1] = table.concat({ unit, id, kind, nr, (title:gsub('%s+', ' ')) }, '\t')
end

-- The next number of a kind, and a global id.
local function numbered(kind, id, title)
  counts[kind] = (counts[kind] or 0) + 1
  if not id or id == '' then id = kind .. '-' .. counts[kind] end
  local nr = number and number .. '.' .. counts[kind] or tostring(counts[kind])
  define(kind, id, nr, title)
  return global(id), nr
end

local function inlines(text) return pandoc.read(text, 'commonmark_x').blocks[1].content end

---------------------------------------------------------------- fences ------
local function lines_of(text)
  local lines = {}
  for line in (text:gsub('\n*$', '\n')):gmatch('([^\n]*)\n') do lines[#lines + 1] = line end
  return lines
end
local function trim(s) return (s:gsub('^%s+', ''):gsub('%s+$', '')) end
local function is_marker(s) return s:match('^%s*//[><] [%w_-]+%s*$') ~= nil end

-- Where in its file a listing stands, as one number for each line of it. It
-- stands there word for word, but for indentation and marker lines: sync saw
-- to that, and if it did not the book is not built.
local function line_numbers(file, text, snippet)
  local f = io.open(dir .. file)
  if not f then fail('there is no ' .. file) end
  local source, want = lines_of(f:read('a')), lines_of(text)
  f:close()
  sources[#sources + 1] = dir .. file
  local start = 1
  for i, line in ipairs(source) do
    if snippet and trim(line) == '//> ' .. snippet then start = i + 1 end
  end
  for first = start, #source do
    local numbers, at = {}, first
    for _, line in ipairs(want) do
      while source[at] and is_marker(source[at]) do at = at + 1 end
      if not source[at] or trim(source[at]) ~= trim(line) then break end
      numbers[#numbers + 1], at = at, at + 1
    end
    if #numbers == #want then return numbers end
  end
  fail('a listing of ' .. file .. ' is not what the file says; run: make sync')
end

local function listing(cb, lang)
  local a = cb.attributes
  local numbers = line_numbers(a.include, cb.text, a.snippet)
  local id, nr = numbered('lst', cb.identifier, a.include)
  local attributes = { number = nr, file = a.include, lines = table.concat(numbers, ',') }
  local content = pandoc.List { pandoc.CodeBlock(cb.text:gsub('\t', '    '), pandoc.Attr('', { lang })) }
  if a.caption then content:insert(pandoc.Plain(inlines(a.caption))) end
  return pandoc.Div(content, pandoc.Attr(id, { 'listing' }, attributes))
end

local function figure(id, nr, content, caption)
  return pandoc.Div({ content, pandoc.Div({ pandoc.Plain(caption) }, pandoc.Attr('', { 'caption' })) },
    pandoc.Attr(id, { 'figure' }, { number = nr }))
end

local function drawn(cb)
  local caption = cb.attributes.caption or fail('a diagram without caption="..."')
  if not cb.text:match('%S') then fail('the diagram "' .. caption .. '" is empty; run: make sync') end
  local id, nr = numbered('fig', cb.identifier, caption)
  local ok, svg, width = pcall(diagram.draw, cb.text, caption, id)
  if not ok then fail(svg) end
  local file = 'build/book/' .. id .. '.svg'
  local f = assert(io.open(file, 'w'))
  f:write(svg)
  f:close()
  local image = pandoc.Image(inlines(caption), file, '', pandoc.Attr('', { 'diagram' }, { natural = tostring(width) }))
  return figure(id, nr, pandoc.Para { image }, inlines(caption))
end

local function code(cb)
  local lang = cb.classes:filter(function(c) return c ~= 'numberLines' end)[1] or 'text'
  if lang == 'mermaid' then return drawn(cb) end
  if cb.attributes.include then return listing(cb, lang) end
  if cb.attributes.run and not cb.text:match('%S') then
    fail('the transcript of ' .. cb.attributes.run .. ' is empty; run: make sync')
  end
  if lang == 'console' then return pandoc.Div({ pandoc.CodeBlock(cb.text) }, pandoc.Attr('', { 'console' })) end
  return pandoc.CodeBlock(cb.text:gsub('\t', '    '), pandoc.Attr('', { lang }))
end

----------------------------------------------------------------- boxes ------
local KIND = { NOTE = 'Note', TIP = 'Tip', WARNING = 'Warning', CAUTION = 'Careful', IMPORTANT = 'Important' }

-- Bold words that open a box, and stand alone in their line, are its title.
local function box(kind, content)
  local title, first = KIND[kind], content[1]
  if first and first.t == 'Para' and first.content[1] and first.content[1].t == 'Strong'
    and (not first.content[2] or first.content[2].t:match('Break$')) then
    title = stringify(first.content[1])
    first.content:remove(1)
    if first.content[1] then first.content:remove(1) else content:remove(1) end
  end
  return pandoc.Div(content, pandoc.Attr('', { 'box', kind:lower() }, { title = title }))
end

-- "> [!NOTE]", which pandoc 2.17 reads as a block quote.
local function alert(quote)
  local p = quote.content[1]
  if not (p and p.t == 'Para' and p.content[1] and p.content[1].t == 'Str') then return nil end
  local kind = p.content[1].text:match('^%[!(%u+)%]$')
  if not kind then return nil end
  if not KIND[kind] then fail('there is no box [!' .. kind .. ']') end
  p.content:remove(1)
  if p.content[1] and p.content[1].t:match('Break$') then p.content:remove(1) end
  if #p.content == 0 then quote.content:remove(1) end
  return box(kind, quote.content)
end

-- Newer ones know alerts: a Div with that class, which begins with a title.
local function new_alert(div)
  local kind = (div.classes[1] or ''):upper()
  local head = div.content[1]
  if KIND[kind] and head and head.t == 'Div' and head.classes[1] == 'title' then
    div.content:remove(1)
    return box(kind, div.content)
  end
end

----------------------------------------------------------------- index ------
local function index_spans(comment)
  local terms = comment:match('^<!%-%-%s*index:%s*(.-)%s*%-%->%s*$')
  if not terms then return nil end
  local spans = pandoc.List {}
  for term in terms:gmatch('[^;]+') do
    term = trim(term)
    local id = 'ix-' .. (counts.index or 0) + 1
    counts.index = (counts.index or 0) + 1
    define('index', id, number and tostring(number) or '', term)
    spans:insert(pandoc.Span({}, pandoc.Attr(global(id), { 'index' }, { term = term })))
  end
  return spans
end

-- An index comment belongs to the paragraph before it, wherever that stands.
local function place_index(blocks)
  local kept = pandoc.List {}
  for _, b in ipairs(blocks) do
    local spans = b.t == 'RawBlock' and index_spans(b.text)
    local last = kept[#kept]
    if not spans then kept:insert(b)
    elseif last and (last.t == 'Para' or last.t == 'Plain') then last.content:extend(spans)
    else kept:insert(pandoc.Plain(spans)) end
  end
  return kept
end

local function raw_inline(e)
  if e.format ~= 'html' then return nil end
  if e.text:match('^<br%s*/?>$') then return pandoc.LineBreak() end
  if e.text:match('^<!%-%-') then return index_spans(e.text) or {} end
  fail('HTML in the text, which the PDF cannot show: ' .. e.text)
end

---------------------------------------------------------------- blocks ------
-- Walks them in the reader's order, so that numbers are met in order. (A
-- filter of pandoc's goes by type of element.)
local assemble

local function deep(b) return pandoc.Div { b }:walk({ CodeBlock = code }).content end

local function section(header)
  local title = stringify(header)
  if header.level == 1 then
    define(number and 'chapter' or 'front', 'top', number and tostring(number) or '', title)
    header.attributes = { unit = unit, kind = number and 'chapter' or 'front', number = number and tostring(number) or nil }
    header.identifier = 'ch-' .. unit
  else
    define('section', header.identifier, number and tostring(number) or '', title)
    header.identifier = global(header.identifier)
    if STANDARD[title] then header.classes = { 'standard' } end
  end
  return header
end

-- An exercise runs up to the next heading of its level or above.
local function exercise(bs, i)
  local header = bs[i]
  local title = stringify(header):gsub('^Exercise: ', '')
  local id, nr = numbered('ex', header.identifier, title)
  local body = pandoc.List {}
  while bs[i + 1] and not (bs[i + 1].t == 'Header' and bs[i + 1].level <= header.level) do
    i = i + 1
    body:insert(bs[i])
  end
  return pandoc.Div(assemble(body), pandoc.Attr(id, { 'exercise' }, { number = nr, title = title })), i
end

local function picture(image, caption, label)
  local id, nr = numbered('fig', label, stringify(caption))
  if not image.src:match('^%w+:') then image.src = dir .. image.src end
  return figure(id, nr, pandoc.Para { pandoc.Image(caption, image.src, '', pandoc.Attr('', { 'plot' })) }, caption)
end

local function caption_of_table(b, following)
  if b.t ~= 'Para' or not stringify(b):match('^Table: ') or not following or following.t ~= 'Table' then return nil end
  local caption = pandoc.List(b.content)
  caption:remove(1)
  if caption[1].t == 'Space' then caption:remove(1) end
  return caption
end

function assemble(bs)
  local result, label, i = pandoc.List {}, nil, 1
  while i <= #bs do
    local b = bs[i]
    local caption = caption_of_table(b, bs[i + 1])
    if b.t == 'RawBlock' then
      if not b.text:match('^<!%-%-') then fail('HTML in the text, which the PDF cannot show: ' .. b.text) end
      label = b.text:match('^<!%-%-%s*label:%s*(%S+)%s*%-%->') or label
    elseif b.t == 'Figure' then -- pandoc from 3.0 on
      result:insert(picture(b.content[1].content[1], b.caption.long[1].content, label))
      label = nil
    elseif b.t == 'Para' and #b.content == 1 and b.content[1].t == 'Image' then
      result:insert(picture(b.content[1], b.content[1].caption, label))
      label = nil
    elseif caption then
      local id, nr = numbered('tbl', label, stringify(caption))
      label = nil
      result:insert(pandoc.Div({ pandoc.Div({ pandoc.Plain(caption) }, pandoc.Attr('', { 'caption' })), bs[i + 1] },
        pandoc.Attr(id, { 'tablebox' }, { number = nr })))
      i = i + 1
    elseif b.t == 'Header' and stringify(b):match('^Exercise: ') then
      b, i = exercise(bs, i)
      result:insert(b)
    elseif b.t == 'Header' then
      result:insert(section(b))
    else
      result:extend(deep(b))
    end
    i = i + 1
  end
  return result
end

-- A link to a place in the book is named; one to a file that is not in the
-- book (a source, a hint) is of use on a forge only and becomes its text.
local function link(l)
  local target = l.target
  if target:match('^%a[%w+.-]*:') then return nil end
  local file, id = target:match('^([^#]*)#?(.*)$')
  if id == '' then id = 'top' end
  local other, name = (file == '' and dir .. base .. '.md' or dir .. file):gsub('[^/]+/%.%./', ''):match('lessons/([^/]+)/(%w+)%.md$')
  if other and name == 'README' then l.target = 'xref:' .. other .. '#' .. id
  elseif other and name == 'answers' then l.target = 'xref:answers#' .. other
  elseif file == '' then l.target = 'xref:' .. unit .. '#' .. id
  elseif exists(dir .. file) then return l.content
  else fail('a link to what is not there: ' .. target) end
  return l
end

local function write(name, text)
  local f = assert(io.open(name, 'w'))
  f:write(text)
  f:close()
end

function Pandoc(doc)
  doc = doc:walk { RawInline = raw_inline, Blocks = place_index }
  doc = doc:walk { BlockQuote = alert, Div = new_alert, Link = link }
  doc.blocks = assemble(doc.blocks)
  if number and base == 'README' and not labels.top then fail('no title: it begins with "# "') end
  doc.meta = { unit = unit }
  write(out .. '.labels', table.concat(order, '\n') .. '\n')
  local rules = { out .. '.json: ' .. table.concat(sources, ' ') }
  for _, source in ipairs(sources) do rules[#rules + 1] = source .. ':' end
  write(out .. '.d', table.concat(rules, '\n') .. '\n')
  return doc
end
