#!/usr/bin/env python3
"""Compares every metric of tl with scikit-learn, scipy and seqeval on random inputs.

    python compare_metrics.py --dump PATH_OF_TL_METRICS_DUMP [--cases 300] [--seed 0]

The inputs have missing classes, scores that are equal, constant values, one row, columns of one kind, and tags in any
order. Prints the largest difference of each metric, relative to values above 1, and ends with status 1 if one is above
1e-12, if one of two values is NaN, or if a table differs. Needs scikit-learn, scipy and seqeval.
"""
import argparse
import json
import math
import re
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import scipy.stats
import seqeval.metrics as tags_of
import seqeval.scheme
import sklearn.metrics as sk
from seqeval.metrics.sequence_labeling import get_entities
from sklearn.preprocessing import label_binarize

warnings.filterwarnings('ignore')
AVERAGES = ('micro', 'macro', 'weighted', 'samples')
NAMES = ['zero', 'one', 'two', 'three', 'four', 'five', 'six']
SCHEMES = {'IOB1': 'IOB', 'IOB2': 'IOB', 'IOE1': 'IOE', 'IOE2': 'IOE', 'IOBES': 'IOBES', 'BILOU': 'BILOU'}


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def zero_division(draw):
    return draw.choice([0.0, 1.0, None])


def as_number(value):
    return np.nan if value is None else value


def add_scores(out, average, expected, got, **options):
    precision, recall, f1, _ = sk.precision_recall_fscore_support(expected, got, average=average, **options)
    out.update({'precision_' + average: precision, 'recall_' + average: recall, 'f1_' + average: f1})


def add_class_scores(out, classes, labels, predictions, **options):
    rows = sk.precision_recall_fscore_support(labels, predictions, labels=classes, **options)
    for c, precision, recall, f1, support in zip(classes, *rows):
        out.update({f'precision_of_{c}': precision, f'recall_of_{c}': recall, f'f1_of_{c}': f1, f'support_of_{c}': support})


def classes_case(draw):
    count, rows = draw.integers(1, 7), draw.choice([1, 2, 5, 30, 200])
    used = draw.choice(count, size=draw.integers(1, count + 1), replace=False)
    labels, predictions = draw.choice(used, rows), draw.integers(0, count, rows)
    if draw.random() < 0.1:
        predictions[:] = predictions[0]
    present = sorted(set(labels) | set(predictions))
    chosen = []
    if draw.random() < 0.4:  # other classes and another order
        chosen = list(draw.permutation(count)[:draw.integers(1, count + 1)])
        if not set(chosen) & set(labels):
            chosen = []
    zero, shown = zero_division(draw), chosen or present
    binary = len(present) <= 2 and (1 in present or len(present) < 2)
    options = {'zero_division': as_number(zero)}
    out = {'accuracy': sk.accuracy_score(labels, predictions),
           'balanced_accuracy': sk.balanced_accuracy_score(labels, predictions),
           'matthews': sk.matthews_corrcoef(labels, predictions),
           'confusion': sk.confusion_matrix(labels, predictions, labels=chosen or None).ravel().tolist()}
    add_class_scores(out, shown, labels, predictions, **options)
    for average in AVERAGES[:3]:
        add_scores(out, average, labels, predictions, labels=chosen or None, **options)
        out['f2_' + average] = sk.fbeta_score(labels, predictions, beta=2, average=average, labels=chosen or None, **options)
    if binary:
        add_scores(out, 'binary', labels, predictions, **options)
    for key, digits in (('report', 2), ('report_4', 4)):
        out[key] = sk.classification_report(labels, predictions, labels=shown, target_names=[NAMES[c] for c in shown],
                                            digits=digits, **options)
        # Without a right prediction the reference shows its counts as 3.0.
        out[key] = re.sub(r'(\d+)\.0$', lambda match: match[1].rjust(len(match[0])), out[key], flags=re.M)
    return {'kind': 'classes', 'labels': labels.tolist(), 'predictions': predictions.tolist(), 'zero_division': zero,
            'classes': [int(c) for c in chosen], 'names': NAMES, 'binary': binary}, out


def columns_case(draw):
    columns, rows = draw.integers(2, 7), draw.choice([1, 2, 5, 30, 200])
    labels = (draw.random((rows, columns)) < draw.random(columns) * draw.integers(0, 2, columns)).astype(int)
    predictions = (draw.random((rows, columns)) < draw.random(columns) * draw.integers(0, 2, columns)).astype(int)
    zero = zero_division(draw)
    options = {'zero_division': as_number(zero)}
    out = {'accuracy': sk.accuracy_score(labels, predictions)}
    add_class_scores(out, list(range(columns)), labels, predictions, **options)
    for average in AVERAGES:
        add_scores(out, average, labels, predictions, **options)
    out['report'] = sk.classification_report(labels, predictions, target_names=NAMES[:columns], **options)
    return {'kind': 'columns', 'labels': labels.ravel().tolist(), 'predictions': predictions.ravel().tolist(),
            'columns': int(columns), 'zero_division': zero, 'names': NAMES}, out


def binned_error(confidence, right, bins=15):
    """How far confidence and truth are apart in each of `bins` equal intervals, which their upper end belongs to."""
    edges = np.ceil(confidence * bins).clip(1, bins)
    return sum(abs(np.sum(right[edges == b]) - np.sum(confidence[edges == b])) for b in range(1, bins + 1)) / len(right)


def some_scores(draw, shape):
    scores = draw.random(shape)
    kind = draw.integers(0, 4)
    return np.round(scores, 1) if kind == 0 else np.full(shape, 0.25) if kind == 1 and draw.random() < 0.3 else scores


def scores_case(draw):
    rows = draw.choice([1, 2, 5, 30, 200])
    labels, scores = (draw.random(rows) < draw.choice([0, 0.1, 0.5, 0.9, 1])).astype(int), some_scores(draw, rows)
    out = {'roc_auc': sk.roc_auc_score(labels, scores), 'average_precision': sk.average_precision_score(labels, scores),
           'log_loss': sk.log_loss(labels, scores, labels=[0, 1]), 'brier': sk.brier_score_loss(labels, scores, pos_label=1),
           'ece': binned_error(scores, labels)}
    return {'kind': 'scores', 'labels': labels.tolist(), 'scores': scores.tolist()}, out


def class_scores_case(draw):
    columns, rows = draw.integers(3, 7), draw.choice([1, 2, 5, 30, 200])
    used = draw.choice(columns, size=draw.integers(1, columns + 1), replace=False)
    labels, scores = draw.choice(used, rows), softmax(np.round(draw.normal(size=(rows, columns)), draw.integers(0, 3)))
    if draw.random() < 0.2:
        scores = np.eye(columns)[draw.integers(0, columns, rows)]
    classes, one_hot = list(range(columns)), label_binarize(labels, classes=range(columns))
    right = scores.argmax(axis=1) == labels
    out = {'log_loss': sk.log_loss(labels, scores, labels=classes), 'ece': binned_error(scores.max(axis=1), right),
           'brier': sk.brier_score_loss(labels, scores, labels=classes), 'ece_5': binned_error(scores.max(axis=1), right, 5),
           'roc_auc_ovr_micro': sk.roc_auc_score(labels, scores, multi_class='ovr', average='micro', labels=classes)}
    for average in AVERAGES[1:3]:
        out['average_precision_' + average] = sk.average_precision_score(one_hot, scores, average=average)
        out['roc_auc_ovr_' + average] = sk.roc_auc_score(labels, scores, multi_class='ovr', average=average, labels=classes)
        present = sorted(set(labels))  # the reference reads the columns of the first classes if some are missing
        pairs = [(a, b) for i, a in enumerate(present) for b in present[i + 1:]]
        areas = [np.mean([sk.roc_auc_score(labels[(labels == a) | (labels == b)] == c, scores[(labels == a) | (labels == b), c])
                          for c in (a, b)]) for a, b in pairs]
        shares = [np.sum((labels == a) | (labels == b)) for a, b in pairs]
        own = np.average(areas, weights=shares if average == 'weighted' else None) if pairs else np.nan
        if len(present) == columns:
            own = sk.roc_auc_score(labels, scores, multi_class='ovo', average=average, labels=classes)
        out['roc_auc_ovo_' + average] = own
    return {'kind': 'class_scores', 'labels': labels.tolist(), 'scores': scores.ravel().tolist(), 'columns': int(columns)}, out


def column_scores_case(draw):
    columns, rows = draw.integers(2, 7), draw.choice([1, 2, 5, 30, 200])
    chance = draw.choice([0, 0.1, 0.5, 0.9, 1], columns) if draw.random() < 0.5 else np.full(columns, 0.5)
    labels, scores = (draw.random((rows, columns)) < chance).astype(int), some_scores(draw, (rows, columns))
    out = {}
    for average in AVERAGES:
        out['roc_auc_' + average] = sk.roc_auc_score(labels, scores, average=average)
        out['average_precision_' + average] = sk.average_precision_score(labels, scores, average=average)
    return {'kind': 'column_scores', 'labels': labels.ravel().tolist(), 'scores': scores.ravel().tolist(),
            'columns': int(columns)}, out


def values_case(draw):
    columns, rows = draw.choice([1, 1, 3]), draw.choice([2, 3, 5, 30, 200])
    labels = draw.normal(size=(rows, columns)) * draw.choice([1e-3, 1, 1e4]) + draw.choice([0, 10])
    predictions = labels * draw.normal() + draw.normal(size=(rows, columns))
    if draw.random() < 0.4:
        labels, predictions = np.round(labels), np.round(predictions)  # ties
    if draw.random() < 0.15:
        labels[:] = np.round(labels[0])  # of others the rounding of their mean decides what the reference's R2 is
    if draw.random() < 0.15:
        predictions[:] = predictions[0]
    if draw.random() < 0.1:
        predictions = labels.copy()
    correlations = {name: np.mean([getattr(scipy.stats, name)(labels[:, c], predictions[:, c]).statistic
                                   for c in range(columns)]) for name in ('pearsonr', 'spearmanr')}
    out = {'mse': sk.mean_squared_error(labels, predictions), 'mae': sk.mean_absolute_error(labels, predictions),
           'rmse': sk.root_mean_squared_error(labels, predictions), 'r2': sk.r2_score(labels, predictions), **correlations}
    return {'kind': 'values', 'labels': labels.ravel().tolist(), 'predictions': predictions.ravel().tolist(),
            'columns': int(columns)}, out


def random_tags(draw, letters, lengths, suffix):
    def tag():
        letter, kind = draw.choice(list(letters)), draw.choice(['PER', 'LOC', 'ORG-X', ''])
        return 'O' if letter == 'O' else letter if not kind else kind + '-' + letter if suffix else letter + '-' + kind
    return [[tag() for _ in range(n)] for n in lengths]


def tags_case(draw):
    lengths = [int(n) for n in draw.integers(1, 12, draw.integers(1, 8))]
    strict = draw.choice([None, None, 'auto', *SCHEMES])
    letters = SCHEMES.get(strict) or draw.choice(['IOB', 'IO', 'IOE', 'IOBES', 'IOBESULX', 'O'])
    if strict == 'auto':
        letters = draw.choice(list(SCHEMES.values()))
    suffix = bool(draw.random() < 0.2)
    labels, predictions = (random_tags(draw, letters, lengths, suffix) for _ in range(2))
    for sequence, predicted in zip(labels, predictions):
        for i, tag in enumerate(sequence):
            if draw.random() < 0.6:
                predicted[i] = tag
    zero = float(draw.choice([0, 1]))
    options = {'zero_division': zero, 'suffix': suffix}
    scheme = None
    if strict == 'auto':
        try:
            scheme = seqeval.scheme.auto_detect(labels, suffix)
        except ValueError:  # too few letters
            return tags_case(draw)
    elif strict:
        scheme = getattr(seqeval.scheme, strict)
    if strict:
        options.update(mode='strict', scheme=scheme)
    out = {'accuracy': tags_of.accuracy_score(labels, predictions)}
    for average in AVERAGES[:3]:
        for name in ('precision', 'recall', 'f1'):
            out[f'{name}_{average}'] = getattr(tags_of, name + '_score')(labels, predictions, average=average, **options)
    try:
        report = tags_of.classification_report(labels, predictions, output_dict=True, **options)
        for kind, row in list(report.items())[:-3]:
            out.update({f'precision_of_{kind}': row['precision'], f'recall_of_{kind}': row['recall'],
                        f'f1_of_{kind}': row['f1-score'], f'support_of_{kind}': row['support']})
        out['report'] = tags_of.classification_report(labels, predictions, **options)
    except ValueError:  # the reference has no report without an entity
        pass
    if scheme and strict != 'auto':
        found = seqeval.scheme.Entities(labels, scheme, suffix).entities
        out['entities'] = [[e.tag, e.sent_id, e.start, e.end - 1] for some in found for e in some] or None
    elif not strict:
        starts = np.cumsum([0] + [n + 1 for n in lengths])
        found = [(kind, int(np.searchsorted(starts, end, 'right')) - 1, start, end) for kind, start, end in get_entities(labels, suffix)]
        out['entities'] = [[kind, s, int(start - starts[s]), int(end - starts[s])] for kind, s, start, end in found] or None
    return {'kind': 'tags', 'labels': labels, 'predictions': predictions, 'zero_division': zero, 'suffix': suffix,
            'strict': strict}, out


def same_report(a, b):
    """Whether two tables are equal, but for a last digit where a mean is half way between two, which its rounding decides."""
    layout = [re.sub(r'\d', '#', text) for text in (a, b)]
    off = [abs(float(x) - float(y)) for x, y in zip(*(re.findall(r'\d+\.\d+', text) for text in (a, b)))]
    return layout[0] == layout[1] and max(off, default=0.0) < 0.0101 and sum(x > 0 for x in off) < 2


def difference(a, b):
    """Of two values; infinite if they differ in kind."""
    if isinstance(a, str) and isinstance(b, str):
        return 0.0 if same_report(a, b) else math.inf
    if isinstance(a, (list, str)) or isinstance(b, (list, str)) or a is None or b is None:
        return 0.0 if a == b else math.inf
    a, b = float(a), float(b)
    if math.isnan(a) or math.isnan(b):
        return 0.0 if math.isnan(a) and math.isnan(b) else math.inf
    return abs(a - b) / max(1.0, abs(a))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--dump', required=True)
    p.add_argument('--cases', type=int, default=300)
    p.add_argument('--seed', type=int, default=0)
    a = p.parse_args()
    draw = np.random.default_rng(a.seed)
    makers = (classes_case, columns_case, scores_case, class_scores_case, column_scores_case, values_case, tags_case)
    pairs = [maker(draw) for maker in makers for _ in range(a.cases)]
    with tempfile.TemporaryDirectory() as work:
        with open(work + '/cases.json', 'w') as file:
            json.dump([case for case, _ in pairs], file)
        subprocess.run([a.dump, work + '/cases.json', work + '/out.json'], check=True)
        with open(work + '/out.json') as file:
            results = json.load(file)
    worst, count, bad = {}, {}, 0
    for (case, expected), got in zip(pairs, results):
        for name, value in expected.items():
            key = case['kind'], name.split('_of_')[0] + ('_of_one' if '_of_' in name else '')
            off = difference(value, got.get(name))
            worst[key], count[key] = max(worst.get(key, 0.0), off), count.get(key, 0) + 1
            if off > 1e-12 and bad < 5:
                bad += 1
                print('different:', name, repr(value), repr(got.get(name)), json.dumps(case)[:600])
    for key in worst:
        print(f'{key[0]:14s} {key[1]:28s} {count[key]:6d} values, largest difference {worst[key]:.1e}')
    sys.exit(1 if max(worst.values()) > 1e-12 else 0)


if __name__ == '__main__':
    main()
