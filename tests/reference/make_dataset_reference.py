"""What datasets 5.2.0 loads, prints and computes, for tests/data/dataset_test.cpp and load_dataset_test.cpp.

Usage: make_dataset_reference.py tests/reference/data/dataset.json
"""
import json
import pathlib
import sys
import tempfile

import datasets
from datasets import ClassLabel, Dataset, DatasetDict

datasets.disable_progress_bars()
folder = pathlib.Path(tempfile.mkdtemp())
out = dict(made_by="make_dataset_reference.py", versions=dict(datasets=datasets.__version__))


def loaded(kind, text, number):
    path = folder / f"{kind}{number}"
    path.write_bytes(text.encode())
    data = datasets.load_dataset(kind, data_files=str(path), cache_dir=str(folder / "cache"))["train"]
    return dict(text=text, columns=data.column_names, rows=[data[i] for i in range(len(data))])


out["csv"] = [loaded("csv", text, i) for i, text in enumerate([
    "text,label\na,0\nb,1\n",
    'text,label\r\n"a, ""quoted"" text",0\r\n"two\r\nlines",1\r\n',
    'a,b\n"x\ny\n",1\n"",2\nz,3',
    "a,b\n1,2.5\n3,4\n-7,1e5\n",
    "a,b\n 1 ,007\n+5,12\n",
    "a,b\n\n1,x\n\n\n2,y\n",
    "\ufefftext,label\né,0\n中 文,1\n",
    'a\nsix 6" nails\n"quoted"\n',
    "a,b\nTrue,false\nFALSE,TRUE\n",
    '"class","title"\n"3","T N"\n"4","x\\y"\n',
    "a,b\n1.5,12345678901234567890x\n.5,7\n",
])]
out["json"] = [loaded("json", text, i) for i, text in enumerate([
    '{"text": "a", "label": 0}\n{"text": "b", "label": 1}\n',
    '{"a": 1, "b": "x"}\r\n\r\n{"b": "\\u00e9\\ud83d\\ude00", "a": 2}',
    '{"a": 1}\n{"a": 2.5}\n',
    '{"ids": [1, 2]}\n{"ids": []}\n',
    '{"tokens": ["EU", "rejects"], "tags": [3, 0]}\n{"tokens": ["Peter"], "tags": [1]}\n',
    '[{"a": 1, "b": true}, {"a": 2, "b": false}]',
    '{"scores": [1.0, 0.5]}\n{"scores": [0.0, 0.25]}\n',
])]
out["text"] = [loaded("text", text, i) for i, text in enumerate(["a\nb\n", "a\r\n\r\nb", "\n\n", "é\n \nx"])]

data = Dataset.from_dict({"text": ["it's", 'a "b"', "both ' and \"", "tab\t\\ é 中 \x7f\n"], "label": [0, 1, 1, 0],
                          "score": [1.0, 1e-5, float("nan"), 0.25], "ids": [[1, 2], [], [3], [4]]})
data = data.cast_column("label", ClassLabel(names=["neg", "pos"]))
out["printed"] = dict(dataset=str(data), rows=[str(row) for row in data],
                      dict=str(DatasetDict(train=data, test=data.select([1]))), empty=str(Dataset.from_dict({})))
out["mapped"] = dict(
    added=data.map(lambda row: dict(length=len(row["text"]), label=1 - row["label"])).column_names,
    replaced=data.map(lambda row: dict(new=1, text=row["text"] * 2)).column_names,
    removed=data.map(lambda row: dict(z=1, text="x"), remove_columns=["text", "ids"]).column_names,
    label=str(data.map(lambda row: dict(label=1 - row["label"])).features["label"]),
    lengthened=data.map(lambda rows: dict(n=[1] * 7), batched=True, remove_columns=data.column_names).num_rows,
)
strings = Dataset.from_dict({"label": ["pos", "neg", "Neutral", "neg"], "stars": [10, 9, 2, 9]})
out["encoded"] = [dict(column=name, names=(e := strings.class_encode_column(name)).features[name].names, ids=list(e[name]))
                  for name in ("label", "stars")]

with open(sys.argv[1], "w") as f:
    json.dump(out, f, indent=1, ensure_ascii=False)
    f.write("\n")
