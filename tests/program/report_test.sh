#!/usr/bin/env bash
# The report and the model card of a run of tl train, and tl report on its folder. Usage: report_test.sh TL
# MAKE_TINY_BERT.
set -uo pipefail

# shellcheck source-path=SCRIPTDIR source=support.sh
source "$(dirname "$0")/support.sh"
tiny_model || exit 1

# contains FILE 'TEXT': FILE contains TEXT.
contains() {
  checks=$((checks + 1))
  grep -qF -- "$2" "$1" || complain "expected $1 to contain '$2'"
}

training=(train --model_name_or_path model --train_file "$reviews/train.jsonl"
          --validation_file "$reviews/validation.jsonl" --labels NEGATIVE,POSITIVE --max_seq_length 24
          --max_train_samples 64 --max_eval_samples 32 --num_train_epochs 1 --logging_steps 2 --threads 1
          --save_strategy no)

# --- a run that reports: the rows with the highest loss have their places and texts, and the card is in the page
ok "${training[@]}" --output_dir with --eval_strategy epoch --report_to html
says 'The report is with/report.html'
for part in 'Confusion matrix' 'Expected calibration error' 'validation.jsonl, line ' '<h2 id="card">' 'lengths of train' \
            'DistilBertForSequenceClassification' '<bdi>NEGATIVE</bdi>'; do
  contains with/report.html "$part"
done
contains with/README.md 'library_name: transformers'
contains with/README.md '### Training results'

# --- tl report: again, elsewhere, and of a run that did not report
cp with/report.html former.html
ok report with
says 'with/report.html'
checks=$((checks + 1))
cmp -s <(sed -n '/id="curves"/,$p' with/report.html) <(sed -n '/id="curves"/,$p' former.html) \
  || complain 'expected tl report to make the page that the run made'
ok "${training[@]}" --output_dir without --report
ok report without --output_file pages/without.html
says 'pages/without.html'
contains pages/without.html 'Confusion matrix'
contains pages/without.html '<bdi>macro avg</bdi>'
[[ ! -e without/report.html ]] || complain 'expected no file beside the one that was named'

# --- a README.md that is no model card stays
mkdir own && echo 'My own page' > own/README.md
ok "${training[@]}" --output_dir own
says 'README.md in own is not a model card of tl and stays as it is'
contains own/README.md 'My own page'

# --- what is no run
mkdir empty
refused 1 'empty: expected the folder of a run, with trainer_state.json, a checkpoint or report.json; got none of them' report empty
refused 1 'nowhere: expected the folder of a run, got nothing of that name' report nowhere
refused 1 'model/config.json: expected the folder of a run, got a file' report model/config.json
refused 2 '--output_file: expected a name that ends with .html, got page.txt' report with --output_file page.txt
refused 2 'output_dir is required' report
echo '{"log": 3, "evaluations": {"eval": {"confusion": [[1, 2]]}}}' > with/report.json
refused 1 'confusion matrix: expected 1 counts in each row, got 2' report with
echo '{"log": ' > with/report.json
refused 1 'with/report.json' report with
contains with/report.html 'Confusion matrix'

verdict
