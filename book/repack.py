"""repack.py - an EPUB without the time at which it was made.

usage: repack.py FILE.epub

The same text then gives the same bytes. The first entry is `mimetype`, not
compressed, as the container format wants it (OCF 3.2, section 4.3)."""
import io
import sys
import zipfile

path = sys.argv[1]
packed = io.BytesIO()
with zipfile.ZipFile(path) as old, zipfile.ZipFile(packed, 'w') as new:
    names = [n for n in old.namelist() if not n.endswith('/')]
    for name in sorted(names, key=lambda n: (n != 'mimetype', n)):
        entry = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
        entry.external_attr = 0o644 << 16
        how = zipfile.ZIP_STORED if name == 'mimetype' else zipfile.ZIP_DEFLATED
        new.writestr(entry, old.read(name), how)
with open(path, 'wb') as file:
    file.write(packed.getvalue())
