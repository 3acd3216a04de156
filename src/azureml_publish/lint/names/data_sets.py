"""Data sets by the names that specs and cards give them."""

from __future__ import annotations

import re

from azureml_publish.patterns import pattern

_NAMES = """
squad_v2          squad[ _-]?v?2(?:\\.0)?
squad             squad[ _-]?v?1(?:\\.1)?|(?-i:^squad$)
conll2003         conll[ _-]?(?:20)?03
ontonotes         onto[ _-]?notes(?: ?v?5)?|conll[ _-]?(?:20)?12
wnut              wnut(?:[ _-]?\\d\\d)?
wikiann           wiki[ _-]?ann|pan-x
sst2              sst[ _-]?2|stanford sentiment treebank
mnli              mnli|multi[ _-]?nli
snli              snli
xnli              xnli
anli              anli
qqp               qqp|quora question pairs
mrpc              mrpc
imdb              imdb
ag_news           ag[ _'\u2019]?s?[ _-]?news
yelp              yelp
goemotions        go[ _-]?emotions
tweet_eval        tweet[ _-]?eval
jigsaw            jigsaw
banking77         banking ?77
financial         financial[ _-]?phrase[ _-]?bank
cnn_dailymail     cnn[ /_-]{0,3}daily[ _-]?mail
xsum              xsum
samsum            samsum
dialogsum         dialog[ _-]?sum
wikitext          wikitext
bookcorpus        book[ _-]?corpus
refinedweb        (?:falcon[ _-])?refined[ _-]?web
fineweb           fine[ _-]?web
pile              the[ _-]pile|(?-i:^pile$)|pile[ _-](?:uncopyrighted|deduped)
redpajama         red[ _-]?pajama
slimpajama        slim[ _-]?pajama
dolma             (?-i:dolma|Dolma)
openwebtext       open[ _-]?web[ _-]?text
librispeech       libri[ _-]?speech(?:_asr)?
libritts          libri[ _-]?tts
ljspeech          lj[ _-]?speech
common_voice      common[ _-]?voice
voxpopuli         vox[ _-]?populi
voxceleb          vox[ _-]?celeb
tedlium           ted[ _-]?lium
gigaspeech        giga[ _-]?speech
fleurs            fleurs
gtzan             gtzan
speech_commands   speech[ _-]?commands
audioset          audio[ _-]?set
ms_marco          ms[ _-]?marco
natural_questions natural[ _-]?questions
trivia_qa         trivia[ _-]?qa
hotpot_qa         hotpot[ _-]?qa
newsqa            news[ _-]?qa
imagenet-1k       imagenet[ _-]?1k|ilsvrc ?2012
imagenet-21k      imagenet[ _-]?2[12]k
coco              coco
ade20k            ade[ _-]?20k|scene[ _-]?parse[ _-]?150|scene[ _-]?parsing
cityscapes        cityscapes
pascal_voc        pascal[ _-]?voc
open_images       open[ _-]?images
nyu_depth         nyu[ _-]?depth
kinetics          kinetics(?:-?\\d00)?
cifar10           cifar[ _-]?10
cifar100          cifar[ _-]?100
mnist             mnist
fashion_mnist     fashion[ _-]?mnist
food101           food[ _-]?101
funsd             funsd
sroie             sroie
docvqa            doc[ _-]?vqa
publaynet         publaynet
opus              opus
flores            flores
ultrachat         ultra[ _-]?chat
ultrafeedback     ultra[ _-]?feedback
openhermes        open[ _-]?hermes
alpaca            alpaca
dolly             dolly
oasst             oasst\\d?|open ?assistant
"""
"""For each data set its id on the Hub (https://huggingface.co/datasets) or common name, and a pattern of its names."""

_BROAD = {"squad": frozenset({"squad", "squad_v2"}), "imagenet": frozenset({"imagenet-1k", "imagenet-21k"})}
"""Names that several data sets share."""

_FORMS = dict(line.split(None, 1) for line in _NAMES.strip().splitlines())
_ANY = pattern(
    r"(?<![a-z0-9])(?:"
    + "|".join(f"(?P<s{number}>{form})" for number, form in enumerate(_FORMS.values()))
    + f"|(?P<broad>{'|'.join(_BROAD)}))(?![a-z0-9])",
    re.IGNORECASE,
)
_SOME = pattern(rf"(?<![a-z0-9])(?:{'|'.join((*_FORMS.values(), *_BROAD))})")
"""A cheap test: in lower-case text it matches wherever the pattern above does; it is faster without groups."""
_IDS = tuple(_FORMS)


def data_sets_in(text: str) -> frozenset[str]:
    """The known data sets that a text may name: `SQuAD` alone may be either version."""
    found: set[str] = set()
    for match in _ANY.finditer(text.strip()) if _SOME.search(text.strip().lower()) else ():
        group = match.lastgroup or ""
        found |= _BROAD[match[0].lower()] if group == "broad" else {_IDS[int(group[1:])]}
    return frozenset(found)
