-- console.lua - a transcript, line by line: who says what in which terminal.
-- Each row has kind: "prompt" (what somebody types), "output", "comment" or
-- "plain"; name: what stands before the text, "server$"; colour: a number for
-- each terminal, in the order in which they appear; and text.
return function(transcript)
  local rows, colours, count = {}, {}, 0
  local function add(kind, terminal, mark, text)
    if not colours[terminal] then
      colours[terminal] = count % 4
      count = count + 1
    end
    rows[#rows + 1] = { kind = kind, colour = colours[terminal], name = terminal .. mark, text = text }
  end
  for line in (transcript:gsub('\n*$', '\n')):gmatch('([^\n]*)\n') do
    local terminal, mark, text = line:match('^([%w_-]*)([$#|]) ?(.*)$')
    if terminal == '' and mark == '#' then rows[#rows + 1] = { kind = 'comment', colour = 0, name = '', text = line }
    elseif terminal and mark == '|' and terminal ~= '' then add('output', terminal, mark, text)
    elseif terminal and mark ~= '|' then add('prompt', terminal, mark, text)
    else rows[#rows + 1] = { kind = 'plain', colour = 0, name = '', text = line } end
  end
  return rows
end
