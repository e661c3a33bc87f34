-- gather.lua - the back of the book, gathered from the chapters.
--   pandoc -f json build/book/NN-slug*.json -L book/gather.lua -t plain -o /dev/null
-- Writes build/book/NAME.json and NAME.labels, where they change, for
--   answers     each lesson's answers.md
--   trouble     each "When it goes wrong"
--   references  each "Further reading", sorted
--   terms       the index of the web book and the EPUB; the PDF makes its own,
--               with page numbers
local stringify = pandoc.utils.stringify
local rows = {}

local function define(unit, id, kind, title)
  rows[#rows + 1] = table.concat({ unit, id, kind, '', title }, '\t')
end

local function head(unit, title)
  define(unit, 'top', 'back', title)
  return pandoc.Header(1, title, pandoc.Attr('ch-' .. unit, {}, { unit = unit, kind = 'back' }))
end

-- The documents on the command line, each with the folder name it is about.
local function documents()
  local found = {}
  for _, file in ipairs(PANDOC_STATE.input_files) do
    local f = assert(io.open(file))
    local doc = pandoc.read(f:read('a'), 'json')
    f:close()
    local lesson, kind = file:match('([^/]+)%.(answers)%.json$')
    lesson = lesson or file:match('([^/]+)%.json$')
    local title = doc.blocks[1] and doc.blocks[1].t == 'Header' and doc.blocks[1].level == 1 and stringify(doc.blocks[1])
    found[#found + 1] = { lesson = lesson, number = tonumber(lesson:match('^%d+')), kind = kind or 'chapter', blocks = doc.blocks, title = title }
  end
  return found
end

-- A chapter's section of that title, without its heading.
local function section(blocks, title)
  local body, inside = pandoc.List {}, false
  for _, b in ipairs(blocks) do
    local ends = b.t == 'Header' and b.level <= 2 or b.t == 'Div' and b.classes:includes('exercise')
    if ends then inside = b.t == 'Header' and stringify(b) == title
    elseif inside then body:insert(b) end
  end
  return body
end

-- What stands here for the second time has no id and no index terms.
local function copy(blocks)
  return pandoc.Div(blocks):walk({
    Header = function(h) h.identifier = '' return h end,
    Span = function(s) if s.classes:includes('index') then return {} end end,
    Div = function(d) d.identifier = '' return d end,
  }).content
end

local function chapter_heading(unit, doc, title)
  local text = 'Chapter ' .. doc.number .. '. ' .. title
  define(unit, doc.lesson, 'section', text)
  return pandoc.Header(2, text, pandoc.Attr('ch-' .. unit .. '--' .. doc.lesson))
end

local gather = {}

function gather.answers(docs)
  local out, titles = pandoc.List { head('answers', 'Answers') }, {}
  for _, doc in ipairs(docs) do
    if doc.kind == 'chapter' then titles[doc.lesson] = doc.title
    else
      out:insert(chapter_heading('answers', doc, titles[doc.lesson]))
      if doc.title then doc.blocks:remove(1) end
      out:extend(copy(doc.blocks))
    end
  end
  return out
end

function gather.trouble(docs)
  local out = pandoc.List { head('trouble', 'When it goes wrong'),
    pandoc.Para(pandoc.read('What each chapter says about symptoms, their causes, and the commands that tell.').blocks[1].content) }
  for _, doc in ipairs(docs) do
    local body = section(doc.blocks, 'When it goes wrong')
    if #body > 0 then
      out:insert(chapter_heading('trouble', doc, doc.title))
      out:extend(copy(body))
    end
  end
  return out
end

-- book/references.yaml has the titles: a chapter cites numbers only.
local function rfc_titles()
  local titles = {}
  for line in io.lines('book/references.yaml') do
    local number, title = line:match('^(%d+): "(.*)"$')
    if number then titles[number] = title end
  end
  return titles
end

-- " (chapters 1, 2)", each number a link.
local function cited(lessons)
  local out = pandoc.List { pandoc.Str(#lessons > 1 and 'Chapters' or 'Chapter'), pandoc.Space() }
  for i, doc in ipairs(lessons) do
    if i > 1 then out:extend { pandoc.Str(','), pandoc.Space() } end
    out:insert(pandoc.Link({ pandoc.Str(tostring(doc.number)) }, 'xref:' .. doc.lesson .. '#further-reading', '', { class = 'plain' }))
  end
  return out
end

local function note(list, key, doc)
  list[key] = list[key] or {}
  local last = list[key][#list[key]]
  if last ~= doc then table.insert(list[key], doc) end
end

local function sorted(list, less)
  local keys = {}
  for key in pairs(list) do keys[#keys + 1] = key end
  table.sort(keys, less)
  return keys
end

function gather.references(docs)
  local rfcs, pages, others, titles = {}, {}, pandoc.List {}, rfc_titles()
  for _, doc in ipairs(docs) do
    for _, b in ipairs(section(doc.blocks, 'Further reading')) do
      for _, item in ipairs(b.t == 'BulletList' and b.content or {}) do
        local text, known = stringify(item), false
        for n in text:gmatch('RFC%s(%d+)') do
          if not titles[n] then
            io.stderr:write(('lessons/%s/README.md: RFC %s has no title in book/references.yaml\n'):format(doc.lesson, n))
            os.exit(1)
          end
          note(rfcs, n, doc)
          known = true
        end
        for page, part in text:gmatch('([%w_.-]+)%((%d%a*)%)') do
          note(pages, page .. '(' .. part .. ')', doc)
          known = true
        end
        if not known then others:insert(copy(item)) end
      end
    end
  end
  local out = pandoc.List { head('references', 'References') }
  local function list(title, id, items, class)
    if #items == 0 then return end
    define('references', id, 'section', title)
    out:insert(pandoc.Header(2, title, pandoc.Attr('ch-references--' .. id)))
    out:insert(pandoc.Div({ pandoc.BulletList(items) }, pandoc.Attr('', { class })))
  end
  local items = pandoc.List {}
  for _, n in ipairs(sorted(rfcs, function(a, b) return tonumber(a) < tonumber(b) end)) do
    local words = pandoc.List { pandoc.Link({ pandoc.Str('RFC\u{a0}' .. n) }, 'https://www.rfc-editor.org/rfc/rfc' .. n, '', { class = 'plain' }),
      pandoc.Str(','), pandoc.Space(), pandoc.Emph(titles[n]:match('^(.*), %d+$')), pandoc.Str(','), pandoc.Space(),
      pandoc.Str(titles[n]:match('%d+$') .. '.'), pandoc.Space() }
    words:extend(cited(rfcs[n]))
    items:insert { pandoc.Plain(words) }
  end
  list('Standards', 'standards', items, 'wide')
  items = pandoc.List {}
  for _, page in ipairs(sorted(pages, function(a, b) return a:lower() < b:lower() end)) do
    local words = pandoc.List { pandoc.Code(page), pandoc.Space() }
    words:extend(cited(pages[page]))
    items:insert { pandoc.Plain(words) }
  end
  list('Manual pages', 'manual-pages', items, 'columns')
  list('Elsewhere', 'elsewhere', others, 'wide')
  return out
end

-- term -> { locators, sub-term -> { locators } }
local function tree_of_terms()
  local tree = {}
  for _, file in ipairs(PANDOC_STATE.input_files) do
    for line in io.lines((file:gsub('%.json$', '.labels'))) do
      local unit, id, kind, number, term = line:match('^(.-)\t(.-)\t(.-)\t(.-)\t(.*)$')
      if kind == 'index' then
        local main, sub = term:match('^(.-)!(.*)$')
        main = main or term
        tree[main] = tree[main] or { at = {}, subs = {} }
        local entry = tree[main]
        if sub then
          entry.subs[sub] = entry.subs[sub] or { at = {}, subs = {} }
          entry = entry.subs[sub]
        end
        table.insert(entry.at, { unit = unit, id = id, number = number })
      end
    end
  end
  return tree
end

local function by_letters(a, b)
  local x, y = a:lower():gsub('[^%w]', ''), b:lower():gsub('[^%w]', '')
  if x == y then return a < b end
  return x < y
end

local function terms_list(tree)
  local items = pandoc.List {}
  for _, term in ipairs(sorted(tree, by_letters)) do
    local line, seen = pandoc.List { pandoc.Str(term) }, {}
    for _, at in ipairs(tree[term].at) do
      if not seen[at.unit] then
        line:extend { pandoc.Str(','), pandoc.Space() }
        line:insert(pandoc.Link({ pandoc.Str(at.number) }, 'xref:' .. at.unit .. '#' .. at.id, '', { class = 'plain' }))
      end
      seen[at.unit] = true
    end
    local item = pandoc.List { pandoc.Plain(line) }
    if next(tree[term].subs) then item:insert(terms_list(tree[term].subs)) end
    items:insert(item)
  end
  return pandoc.BulletList(items)
end

function gather.terms()
  local out = pandoc.List { head('terms', 'Index') }
  out:insert(pandoc.Para(pandoc.read('The numbers are those of chapters.').blocks[1].content))
  out:insert(pandoc.Div({ terms_list(tree_of_terms()) }, pandoc.Attr('', { 'columns' })))
  return out
end

-- A file that stays as it was makes nothing that depends on it anew.
local function write(name, text)
  local f = io.open(name)
  local old = f and f:read('a')
  if f then f:close() end
  if old == text then return end
  f = assert(io.open(name, 'w'))
  f:write(text)
  f:close()
end

function Pandoc()
  for _, name in ipairs { 'answers', 'trouble', 'references', 'terms' } do
    rows = {}
    local doc = pandoc.Pandoc(gather[name](documents()), { unit = name })
    write('build/book/' .. name .. '.json', pandoc.write(doc, 'json') .. '\n')
    write('build/book/' .. name .. '.labels', table.concat(rows, '\n') .. '\n')
  end
  return pandoc.Pandoc {}
end
