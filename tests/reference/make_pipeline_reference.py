"""Results of the Python stack's text-classification pipeline, for tests/pipelines/text_classification_test.cpp.

Usage: make_pipeline_reference.py OUTPUT_FOLDER   (the committed files are in tests/reference/data/pipeline)
Made with torch 2.15.0, transformers 5.23.0; fp32. Writes a very small fine-tunable model with its tokenizer (random
weights of seed 11, matrices times 20) and results.json: texts, top_k=None results, logits, and the error for a text that
is too long.
"""
import json
import os
import sys

import torch
import transformers
from transformers import BertTokenizerFast, DistilBertConfig, DistilBertForSequenceClassification, pipeline, set_seed

torch.set_num_threads(1)
transformers.logging.set_verbosity_error()
OUT = sys.argv[1]
WORDS = ("[PAD] [UNK] [CLS] [SEP] [MASK] the a film was is not good bad great awful but and very , . ! ' it me "
         "##s ##ly ##ing un b c d e f g h i").split()
os.makedirs(OUT, exist_ok=True)
with open(f"{OUT}/vocab.txt", "w") as file:
    file.write("".join(word + "\n" for word in WORDS))
tokenizer = BertTokenizerFast(f"{OUT}/vocab.txt", do_lower_case=True, model_max_length=16)
set_seed(11)
model = DistilBertForSequenceClassification(DistilBertConfig(
    vocab_size=len(WORDS), dim=16, hidden_dim=24, n_layers=2, n_heads=2, max_position_embeddings=16, num_labels=3,
    id2label={0: "NEGATIVE", 1: "NEUTRAL", 2: "POSITIVE"}, label2id={"NEGATIVE": 0, "NEUTRAL": 1, "POSITIVE": 2}))
with torch.no_grad():
    for parameter in model.parameters():
        if parameter.dim() == 2:
            parameter *= 20
model.eval()
model.save_pretrained(OUT)
tokenizer.save_pretrained(OUT)

texts = ["The film was great!", "It is not good, but not bad.", "", "awful", "a very very very good film and a great film",
         "unknown words zzz", "The film was GREAT!", "me"]
long_text = "good " * 40
classify = pipeline("text-classification", model=model, tokenizer=tokenizer, device="cpu")
results = dict(made_by="make_pipeline_reference.py", torch=torch.__version__, transformers=transformers.__version__, texts=texts,
               best=[classify(text)[0] for text in texts],
               all=[classify(text, top_k=None) for text in texts],
               sigmoid=[classify(text, top_k=None, function_to_apply="sigmoid") for text in texts],
               none=[classify(text, top_k=None, function_to_apply="none") for text in texts],
               long_text=long_text, long_truncated=classify(long_text, truncation=True)[0],
               short_truncated=classify(texts[4], truncation=True, max_length=5)[0])
with open(f"{OUT}/results.json", "w") as file:
    json.dump(results, file, indent=1)
    file.write("\n")
