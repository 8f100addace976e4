#!/usr/bin/env python3
"""Draws floors.svg, packed_batch.svg and training_step.svg beside itself. Usage: docs/images/draw.py"""
import html
import pathlib

INK, LINE = '#1f2933', '#52606d'
SAND, SKY, LEAF, ROSE, GREY, WHITE = '#f5ecd7', '#d9e8f6', '#dcefdc', '#f6dfe0', '#e4e7eb', '#ffffff'


class Drawing:
    def __init__(self, name, width, height, title):
        self.name, self.parts = name, []
        self.head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
                     f'height="{height}" font-family="sans-serif" role="img">\n<title>{html.escape(title)}</title>\n'
                     '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
                     f'orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="{LINE}"/></marker></defs>\n'
                     f'<rect width="{width}" height="{height}" fill="{WHITE}"/>')

    def text(self, x, y, words, size=13, anchor='middle', weight='normal', fill=INK):
        self.parts.append(f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" font-weight="{weight}" '
                          f'fill="{fill}">{html.escape(words)}</text>')

    def box(self, x, y, width, height, words='', note='', fill=WHITE, size=13, dashed=False):
        dash = ' stroke-dasharray="4 3"' if dashed else ''
        self.parts.append(f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="3" fill="{fill}" '
                          f'stroke="{LINE}"{dash}/>')
        middle = x + width / 2
        if note:
            self.text(middle, y + height / 2 - 3, words, size, weight='bold')
            self.text(middle, y + height / 2 + 13, note, 11, fill=LINE)
        elif words:
            self.text(middle, y + height / 2 + size * 0.35, words, size, weight='bold' if size >= 13 else 'normal')

    def arrow(self, *points):
        path = ' '.join(f'{x},{y}' for x, y in points)
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{LINE}" stroke-width="1.5" '
                          'marker-end="url(#tip)"/>')

    def save(self):
        path = pathlib.Path(__file__).parent / self.name
        path.write_text('\n'.join([self.head, *self.parts, '</svg>', '']))


def floors():
    d = Drawing('floors.svg', 720, 500, 'The folders of include/tl; a folder includes from those below it')
    d.box(20, 20, 680, 46, 'trainer.hpp, tl.hpp', 'front doors', SAND)
    d.box(20, 76, 220, 46, 'pipelines', 'texts in, labels and scores out', SAND)
    d.box(250, 76, 450, 46, 'train', 'Trainer, arguments, callbacks, checkpoints', SAND)
    d.box(20, 132, 560, 46, 'models', 'configurations, networks, heads, from_pretrained', SKY)
    d.box(250, 188, 330, 46, 'nn', 'linear, layer norm, attention, encoder block', SKY)
    d.box(250, 244, 330, 46, 'ops', 'shape checks, kernel call, backward rule', SKY)
    d.box(590, 132, 110, 74, 'optim', 'AdamW, rates', SKY)
    d.box(590, 216, 110, 74, 'metrics', 'of predictions', SKY)
    d.box(250, 300, 160, 46, 'autograd', 'Variable, backward()', LEAF)
    d.box(420, 300, 135, 46, 'kernels/cpu', 'bodies', LEAF)
    d.box(565, 300, 135, 46, 'kernels/cuda', 'bodies', LEAF)
    d.box(250, 356, 450, 46, 'kernels', 'contracts: plain structs of pointers; run() finds the body', LEAF)
    d.box(20, 188, 105, 102, 'text', 'tokenizer', ROSE)
    d.box(135, 188, 105, 102, 'data', 'sets, batches', ROSE)
    d.box(20, 300, 220, 46, 'hub', 'names, the cache', ROSE)
    d.box(20, 356, 220, 46, 'io', 'files, JSON, safetensors', ROSE)
    d.box(20, 412, 680, 46, 'core', 'errors, shapes, tensors, devices, random numbers, threads', GREY)
    d.text(360, 484, 'A folder includes from folders below it, never from those above. Which ones: '
           'tests/structure/layering.sh.', 12, fill=LINE)
    d.save()


SEQUENCES = [['[CLS]', 'it', 'was', 'fun', '[SEP]'], ['[CLS]', 'no', '[SEP]'], ['[CLS]', 'not', 'bad', 'at', 'all', '[SEP]']]


def packed_batch():
    d = Drawing('packed_batch.svg', 860, 400, 'Three sequences, padded and packed')
    fills = [SKY, LEAF, ROSE]
    longest = max(map(len, SEQUENCES))
    d.text(20, 28, 'Padded: ids and mask are [B, T], here 3 x 6', 13, 'start', 'bold')
    for b, words in enumerate(SEQUENCES):
        for t in range(longest):
            word = words[t] if t < len(words) else '[PAD]'
            d.box(150 + 50 * t, 40 + 28 * b, 50, 28, word, fill=fills[b] if t < len(words) else GREY, size=11)
    d.text(480, 86, '4 of 18 rows are computed for nothing', 12, 'start', fill=LINE)

    d.text(20, 168, 'Packed: everything is [N], here 14', 13, 'start', 'bold')
    rows = [('input_ids', lambda b, t: SEQUENCES[b][t]), ('positions', lambda b, t: str(t)),
            ('sequence_ids', lambda b, t: str(b))]
    for r, (name, cell) in enumerate(rows):
        y, column = 182 + 34 * r, 0
        d.text(140, y + 18, name, 12, 'end')
        for b, words in enumerate(SEQUENCES):
            for t in range(len(words)):
                d.box(150 + 49 * column, y, 49, 28, cell(b, t), fill=fills[b], size=11)
                column += 1
    d.text(128, 352, 'cu_seqlens', 12, 'end')
    begin = 0
    for b, end in enumerate([0, *[len(words) for words in SEQUENCES]]):
        begin += end
        x = 150 + 49 * begin
        d.arrow((x, 332), (x, 282))
        d.box(x - 16, 334, 32, 28, str(begin), fill=WHITE, size=11)
    d.text(150, 386, 'cu_seqlens is [B + 1]: where each sequence begins, and N', 12, 'start', fill=LINE)
    d.save()


def training_step():
    d = Drawing('training_step.svg', 860, 430, 'One training step')
    d.text(20, 28, 'Forward', 13, 'start', 'bold')
    d.box(20, 40, 120, 50, 'rows', 'sampler, data set', ROSE)
    d.box(170, 40, 120, 50, 'data_collator', 'rows to a batch', ROSE)
    d.box(320, 40, 120, 50, 'Batch', 'N tokens, packed', ROSE)
    d.box(480, 20, 240, 90, fill=WHITE, dashed=True)
    d.box(490, 40, 66, 50, 'embed', '[N, D]', SKY)
    d.box(566, 40, 66, 50, 'blocks', '[N, D]', SKY)
    d.box(642, 40, 66, 50, 'head', '[B, C]', SKY)
    d.box(760, 40, 80, 50, 'loss', 'one number', SKY)
    for begin, end in [(140, 170), (290, 320), (440, 490), (556, 566), (632, 642), (708, 760)]:
        d.arrow((begin, 65), (end, 65))
    d.text(600, 126, 'each operation records its rule, which keeps what it needs', 11, fill=LINE)

    d.text(20, 178, 'Backward', 13, 'start', 'bold')
    d.box(490, 160, 218, 44, 'backward()', 'replays the rules in reverse', LEAF)
    d.arrow((800, 90), (800, 182), (708, 182))
    d.box(170, 160, 270, 44, 'gradients', 'one buffer: first written, then added to', GREY)
    d.arrow((490, 182), (440, 182))

    d.text(20, 268, 'Update', 13, 'start', 'bold')
    d.box(170, 250, 270, 44, 'norm of all gradients', 'read once; gives the clipping factor', LEAF)
    d.arrow((305, 204), (305, 250))
    d.box(490, 250, 218, 44, 'AdamW', 'one pass, clips on the way', LEAF)
    d.arrow((440, 272), (490, 272))
    d.box(760, 250, 80, 44, 'schedule', 'its rate', LEAF)
    d.arrow((760, 272), (708, 272))

    d.text(20, 358, 'Memory', 13, 'start', 'bold')
    d.box(170, 340, 110, 44, 'gradients', fill=GREY)
    d.box(290, 340, 134, 44, 'first moments', fill=GREY)
    d.box(434, 340, 134, 44, 'second moments', fill=GREY)
    d.box(578, 340, 130, 44, 'parameters', fill=GREY)
    d.arrow((599, 294), (599, 340))
    d.text(170, 406, 'four buffers of one layout: decayed parameters, other trainable ones, frozen ones', 12, 'start', fill=LINE)
    d.arrow((708, 362), (850, 362), (850, 12), (600, 12), (600, 20))
    d.save()


if __name__ == '__main__':
    floors()
    packed_batch()
    training_step()
