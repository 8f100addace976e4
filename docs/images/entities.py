#!/usr/bin/env python3
"""Draws entities.svg, a sentence with its groups, beside itself.

    tl predict --model_name_or_path FOLDER --text SENTENCE --json | docs/images/entities.py SENTENCE

What is drawn is what the program printed: types, scores and offsets.
"""
import html
import json
import pathlib
import re
import sys

INK, LINE, WHITE = '#1f2933', '#52606d', '#ffffff'
FILLS = {'PER': '#d9e8f6', 'LOC': '#dcefdc', 'ORG': '#f5ecd7'}
OTHER = '#e4e7eb'
STEP, LEFT, TOP = 9.6, 20, 46  # width of a character in a font of 16 pixels, margin, top of the words' boxes


def main():
    sentence, entities = sys.argv[1], json.load(sys.stdin)
    width = int(2 * LEFT + STEP * len(sentence))
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 96" width="{width}" height="96" '
             f'font-family="monospace" role="img">\n<title>A sentence with its groups, as tl predict finds them</title>\n'
             f'<rect width="{width}" height="96" fill="{WHITE}"/>']
    for entity in entities:
        x, length = LEFT + STEP * entity['start'], STEP * (entity['end'] - entity['start'])
        parts.append(f'<rect x="{x - 3:.1f}" y="{TOP - 16}" width="{length + 6:.1f}" height="26" rx="4" '
                     f'fill="{FILLS.get(entity["entity_group"], OTHER)}" stroke="{LINE}"/>')
        for y, words, size in ((TOP - 22, html.escape(entity['entity_group']), 12), (TOP + 28, f'{entity["score"]:.4f}', 11)):
            parts.append(f'<text x="{x + length / 2:.1f}" y="{y}" font-size="{size}" text-anchor="middle" '
                         f'fill="{LINE}">{words}</text>')
    for word in re.finditer(r'\S+', sentence):  # each at its own place, so that no font moves it out of its box
        parts.append(f'<text x="{LEFT + STEP * word.start():.1f}" y="{TOP + 2}" font-size="16" '
                     f'textLength="{STEP * len(word[0]):.1f}" lengthAdjust="spacingAndGlyphs" '
                     f'fill="{INK}">{html.escape(word[0])}</text>')
    pathlib.Path(__file__).with_name('entities.svg').write_text('\n'.join(parts) + '\n</svg>\n', encoding='utf-8')


if __name__ == '__main__':
    main()
