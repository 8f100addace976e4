#!/usr/bin/env python3
"""Draws confusion_matrix.svg beside itself, from what the program wrote: docs/images/draw_confusion.py EVAL_RESULTS.json

The file is eval_results.json of `tl evaluate --report --output_dir FOLDER`, or of `tl train --report`.
"""
import json
import sys

from draw import INK, LINE, WHITE, Drawing

CELL, LEFT, TOP = 62, 150, 96


def shade(share):
    """White to blue for a share of the row from 0 to 1."""
    return '#' + ''.join(f'{round(255 + (end - 255) * share ** 0.6):02x}' for end in (0x2f, 0x6f, 0xb3))


def main():
    with open(sys.argv[1]) as file:
        results = json.load(file)
    matrix, report = results['eval_confusion_matrix'], results['eval_classification_report']
    names, counts = matrix['labels'], matrix['counts']
    width, height = LEFT + CELL * len(names) + 240, TOP + CELL * len(names) + 60
    d = Drawing('confusion_matrix.svg', width, height, 'The confusion matrix of a model of six emotions')
    d.text(LEFT + CELL * len(names) / 2, 28, 'predicted', 13, weight='bold')
    d.text(LEFT - 10, TOP - 12, 'label', 13, 'end', 'bold')
    columns = ('precision', 'recall', 'f1-score')
    for c, column in enumerate(columns):
        d.text(LEFT + CELL * len(names) + 60 + 70 * c, TOP - 12, column, 12, fill=LINE)
    for row, name in enumerate(names):
        y = TOP + CELL * row
        d.text(LEFT - 10, y + CELL / 2 + 5, name, 13, 'end')
        d.text(LEFT + CELL * row + CELL / 2, TOP - 12, name, 12)
        for column, count in enumerate(counts[row]):
            share = count / max(1, sum(counts[row]))
            x = LEFT + CELL * column
            d.box(x, y, CELL, CELL, fill=shade(share))
            d.text(x + CELL / 2, y + CELL / 2 + 5, str(count), 14, weight='bold' if row == column else 'normal',
                   fill=WHITE if share > 0.55 else INK)
        for c, column in enumerate(columns):
            d.text(LEFT + CELL * len(names) + 60 + 70 * c, y + CELL / 2 + 5, f'{report[name][column]:.2f}', 13)
    d.text(LEFT, height - 24, f'{sum(map(sum, counts))} texts, accuracy {results["eval_accuracy"]:.2f}, '
           f'macro F1 {report["macro avg"]["f1-score"]:.2f}; shades are shares of a row', 12, 'start', fill=LINE)
    d.save()


if __name__ == '__main__':
    main()
