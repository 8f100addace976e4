"""Results of the Python stack's token-classification pipeline, for tests/pipelines/token_classification_test.cpp.

Usage: make_token_pipeline_reference.py OUTPUT_FOLDER   (the committed files are in tests/reference/data/token_pipeline)
Made with torch 2.15.0, transformers 5.24.0; fp32. Writes a very small model with its tokenizer (random weights of seed 5,
matrices times 20, so that neighbouring tokens often disagree) and results.json: for several sets of class names, for a
vocabulary that does not mark continuing pieces and for all strategies the entities of texts, of words and of texts that are
longer than the model.
"""
import json
import os
import sys
import warnings

import torch
import transformers
from transformers import (AutoTokenizer, BertTokenizerFast, DistilBertConfig, DistilBertForTokenClassification, pipeline,
                          set_seed)

warnings.simplefilter("ignore")  # of the vocabulary without marks
torch.set_num_threads(1)
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
OUT = sys.argv[1]
WORDS = ("[PAD] [UNK] [CLS] [SEP] [MASK] ann bob lives lived in at near rome new york the of works for acme corp and is "
         ", . ! ' - zu rich mu nch ##s ##en ##rich ##nch ##ly ##ing ##corp ##a ##b ##c ##d ##e ##n ##r a b c d e n r "
         "東 京 都 é").split()
LABELS = {"IOB": ["B-ORG", "O", "B-PER", "B-LOC", "I-PER", "I-LOC", "I-ORG"],
          "types": ["TIME", "O", "PER", "ORG", "LOC", "MISC", "I-PER"],
          "numbered": [f"LABEL_{i}" for i in range(7)],
          "IOBES": ["B-", "B-PER", "I-PER", "E-PER", "O", "S-PER", "S-LOC"]}
STRATEGIES = ["none", "simple", "first", "average", "max"]
TEXTS = ["Ann lives in Rome.", "Bob and Ann lived near Zurich, at Acme Corp!", "", "   ", "annen Bobs workscorp zuriching",
         "unknown Wörter for ünn", "É́mile? Ann é lives in 東京都", "\U0001F600 Ann's \U0001F468‍\U0001F469 in New York",
         "Ann [SEP] Bob [MASK] lives", "Mu\u0308nchen and MÜNCH-nch", "İann lives\u00a0in\u2003Rome"]
SPLIT = [["Ann", "lives", "in", "Rome", "."], ["annen", "workscorp", "Zuriching"], ["東京都", "é", "xyz", "\U0001F600"],
         ["New York", "of", "İann"]]
LONG = ["Ann lives in Rome and Bob lived near Zurich, at Acme Corp! " * 3, "annen Bobs workscorp zuriching " * 4,
        "é 東京都 unknown Ann's " * 5, "Ann lives in Rome."]

os.makedirs(OUT, exist_ok=True)
with open(f"{OUT}/vocab.txt", "w") as file:
    file.write("".join(word + "\n" for word in WORDS))
BertTokenizerFast(f"{OUT}/vocab.txt", do_lower_case=True, model_max_length=16).save_pretrained(OUT)
set_seed(5)
model = DistilBertForTokenClassification(DistilBertConfig(
    vocab_size=len(WORDS), dim=16, hidden_dim=24, n_layers=2, n_heads=2, max_position_embeddings=16, num_labels=7,
    id2label=dict(enumerate(LABELS["IOB"])), label2id={name: i for i, name in enumerate(LABELS["IOB"])}))
with torch.no_grad():
    for parameter in model.parameters():
        if parameter.dim() == 2:
            parameter *= 20
model.eval()
model.save_pretrained(OUT)

# The same vocabulary, but pieces that continue a word look like those that begin one.
with open(f"{OUT}/tokenizer.json") as file:
    tokenizer_json = json.load(file)
tokenizer_json["model"]["continuing_subword_prefix"] = ""
plain_folder = f"{OUT}/unmarked"
os.makedirs(plain_folder, exist_ok=True)
with open(f"{plain_folder}/tokenizer.json", "w") as file:
    json.dump(tokenizer_json, file, ensure_ascii=False)
with open(f"{OUT}/tokenizer_config.json") as file, open(f"{plain_folder}/tokenizer_config.json", "w") as to:
    to.write(file.read().replace("BertTokenizer", "PreTrainedTokenizerFast"))

cases = []


def add(labels, tokenizer, inputs, **options):
    model.config.id2label = dict(enumerate(LABELS[labels]))
    folder = OUT if tokenizer == "marked" else plain_folder
    kwargs = dict(options)
    if kwargs.get("is_split_into_words"):
        kwargs.setdefault("delimiter", " ")
    classify = pipeline("token-classification", model=model, tokenizer=AutoTokenizer.from_pretrained(folder), device="cpu")
    results = [classify([text] if options.get("is_split_into_words") else text, **kwargs) for text in inputs]
    if options.get("is_split_into_words"):
        results = [result[0] for result in results]
    for result in results:
        for entity in result:
            entity["score"] = round(float(entity["score"]), 7)
    cases.append(dict(labels=labels, tokenizer=tokenizer, inputs=inputs, options=options, results=results))


for strategy in STRATEGIES:
    for labels in LABELS:
        add(labels, "marked", TEXTS if labels == "IOB" else TEXTS[:5], aggregation_strategy=strategy)
    add("IOB", "unmarked", TEXTS, aggregation_strategy=strategy)
    add("IOB", "marked", SPLIT, aggregation_strategy=strategy, is_split_into_words=True)
    add("IOB", "marked", TEXTS[:2], aggregation_strategy=strategy, ignore_labels=["PER", "B-LOC"])
    add("IOB", "marked", LONG, aggregation_strategy=strategy)  # cut
    if strategy != "none":
        for stride in (0, 3, 10):
            add("IOB", "marked", LONG, aggregation_strategy=strategy, stride=stride)
        add("IOB", "marked", [text.split() for text in LONG], aggregation_strategy=strategy, stride=2,
            is_split_into_words=True)
add("IOB", "marked", SPLIT, aggregation_strategy="simple", is_split_into_words=True, delimiter="é-")
with open(f"{OUT}/results.json", "w") as file:
    about = dict(made_by="make_token_pipeline_reference.py", torch=torch.__version__, transformers=transformers.__version__)
    file.write(json.dumps(about)[:-1] + ', "labels": ' + json.dumps(LABELS) + ', "cases": [\n')
    file.write(",\n".join(json.dumps(case, ensure_ascii=False) for case in cases) + "\n]}\n")
