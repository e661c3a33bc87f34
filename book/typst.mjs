// typst.mjs MAIN.typ OUT - compile with npm's Typst, to .pdf or .svg. A warning
// is an error: a font that is not there, say. So is, for the standard's sake
// (PDF/UA-1), a figure without words.
import { createRequire } from 'node:module';
import { writeFileSync } from 'node:fs';

const [main, out] = process.argv.slice(2);
const { NodeCompiler } = createRequire(import.meta.url)('@myriaddreamin/typst-ts-node-compiler');
const compiler = NodeCompiler.create({ workspace: process.cwd(), fontArgs: [{ fontPaths: ['book/fonts'] }] });
const compiled = compiler.compile({ mainFilePath: main });
compiled.printDiagnostics();
if (compiled.hasError() || compiled.takeWarnings()?.shortDiagnostics?.length) process.exit(1);
const data = out.endsWith('.svg') ? compiler.plainSvg(compiled.result) : compiler.pdf(compiled.result, { pdfStandard: 'ua-1' });
writeFileSync(out, data);
