"""LMDeploy's real quantizer on a tiny InternLM2, through our command line."""

import hashlib
import json
import math
import shutil
from dataclasses import replace

import pytest
import torch
from lmdeploy.lite.quantization import WeightQuantizer
from lmdeploy.lite.quantization.modules import WeightOnlyQLinear
from safetensors.torch import load_file, save_file

from inference.quantize import agreement, packed
from inference.quantize.dialogues import read_dialogues
from inference.quantize.errors import QuantizeError
from inference.quantize.run import quantize

# The first test waits for a model to be trained and for LMDeploy's quantizer, a process of its own.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def manifest(quantized):
    return json.loads((quantized / "quantization.json").read_text(encoding="utf-8"))


def test_every_linear_layer_between_embedding_and_head_is_packed(quantized, original):
    tensors = load_file(quantized / "model.safetensors")
    for layer in range(2):
        for name in ("attention.wqkv", "attention.wo", *(f"feed_forward.w{n}" for n in (1, 2, 3))):
            assert tensors[f"model.layers.{layer}.{name}.qweight"].dtype == torch.int32
    untouched = load_file(original / "model.safetensors")
    for name in ("model.tok_embeddings.weight", "output.weight"):
        assert torch.equal(tensors[name], untouched[name])


def test_the_folder_holds_what_serving_needs_and_nothing_of_the_way_there(quantized):
    names = {file.name for file in quantized.iterdir()}
    assert {"config.json", "generation_config.json", "tokenizer.json"} <= names
    assert {"modeling_internlm2.py", "configuration_internlm2.py", "shudong.json"} <= names
    assert not [name for name in names if name.endswith(".pth")]
    assert [file.name for file in quantized.parent.iterdir()] == [quantized.name]


def test_it_says_nearly_what_the_original_says(manifest):
    held_out = manifest["held_out"]
    assert held_out["tokens"] > 500
    assert held_out["top1"] > 0.95
    assert 0 < max(held_out["layer_errors"]) < 0.1
    assert manifest["loss_increase"] == pytest.approx(
        held_out["quantized_loss"] - held_out["original_loss"]
    )
    assert abs(manifest["loss_increase"]) < 0.05
    assert manifest["quantized_layers"] == 10


def test_the_manifest_names_every_file_by_its_hash(manifest, quantized, original, calibration):
    for folder, hashes in ((quantized, manifest["result"]), (original, manifest["original"])):
        for name, digest in hashes.items():
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert "model.safetensors" in manifest["result"]
    digest = hashlib.sha256(calibration.read_bytes()).hexdigest()
    assert manifest["calibration"]["sha256"] == digest


def test_unpacking_is_the_inverse_of_lmdeploys_packing():
    torch.manual_seed(1)
    linear = torch.nn.Linear(256, 64, bias=False)
    quantizer = WeightQuantizer(bits=4, symmetry=False, granularity="per_group", group_size=128)
    layer = WeightOnlyQLinear.from_linear(linear, quantizer)
    stored = {f"layer.{name}": tensor for name, tensor in layer.state_dict().items()}
    steps = stored["layer.scales"].t().repeat_interleave(128, dim=1)
    stored["layer.scales"] = stored["layer.scales"].half()
    unpacked = packed.unpacked_layer("layer", stored)
    assert unpacked.shape == linear.weight.shape
    # LMDeploy's own rounding is off by up to one step; a wrong order would be off by up to 15.
    assert ((unpacked - linear.weight).abs() <= 1.01 * steps).all()


def test_a_loss_that_grew_too_much_is_refused_and_kept_aside(quantizing, quantized, tmp_path):
    def copy(_config, _calibration, _scratch, made):
        """What LMDeploy would make again takes half a minute."""
        shutil.copytree(quantized, made)

    out = tmp_path / "out"
    with pytest.raises(QuantizeError, match="held-out loss grew"):
        quantize(replace(quantizing, out=out, most_loss=-1), quantizer=copy)
    assert not out.exists()
    figures = json.loads((tmp_path / "out.rejected" / "quantization.json").read_text())
    assert math.isfinite(figures["held_out"]["quantized_loss"])


@pytest.mark.parametrize("damage", ["missing", "shape", "not finite"])
def test_damaged_tensors_are_named(quantized, tmp_path, damage):
    shutil.copytree(quantized, tmp_path, dirs_exist_ok=True)
    tensors = load_file(tmp_path / "model.safetensors")
    name = "model.layers.1.attention.wo.scales"
    match damage:
        case "missing":
            del tensors[name]
        case "shape":
            tensors[name] = tensors[name][:1]
        case "not finite":
            tensors[name][0, 0] = torch.inf
    save_file(tensors, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(QuantizeError, match=r"layers\.1\.attention\.wo"):
        packed.dequantized(tmp_path)


def test_only_the_assistants_words_are_measured(original, held_out):
    dialogue = read_dialogues(held_out)[0]
    (sample,) = agreement.samples_of(original, [dialogue], max_tokens=2000, trust_remote_code=True)
    tokenizer = agreement.load_tokenizer(original, trust_remote_code=True)
    said = tokenizer.decode(sample.tokens[sample.said])
    assert said == "".join(
        f"{message.content}<|im_end|>\n" for message in dialogue if message.role == "assistant"
    )


def test_dialogues_too_short_for_one_block_are_refused_before_anything_runs(quantizing, tmp_path):
    with pytest.raises(QuantizeError, match="not one block of 1000000"):
        quantize(replace(quantizing, out=tmp_path / "out", length=1_000_000))
    assert not list(tmp_path.iterdir())


def test_measuring_on_what_it_was_calibrated_with_is_refused(quantizing, tmp_path):
    with pytest.raises(QuantizeError, match="both the calibration and the held-out file"):
        quantize(replace(quantizing, out=tmp_path / "out", held_out=quantizing.calibration))


def test_a_model_that_is_quantized_already_is_refused(quantizing, quantized, tmp_path):
    with pytest.raises(QuantizeError, match="quantized already"):
        quantize(replace(quantizing, model=quantized, out=tmp_path / "out"))


def test_code_that_a_model_brings_does_not_run_unasked(quantizing, tmp_path):
    with pytest.raises(QuantizeError, match="--trust-remote-code"):
        quantize(replace(quantizing, out=tmp_path / "out", trust_remote_code=False))


def test_a_folder_that_exists_is_not_written_into(quantizing, quantized):
    with pytest.raises(QuantizeError, match="exists already"):
        quantize(replace(quantizing, out=quantized))


def test_a_line_that_is_no_dialogue_is_named_but_not_quoted(quantizing, tmp_path):
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"messages": [{"role": "client", "content": "嗯"}]}\n', encoding="utf-8")
    with pytest.raises(QuantizeError, match="line 1") as caught:
        quantize(replace(quantizing, out=tmp_path / "out", calibration=broken))
    assert "嗯" not in str(caught.value)


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("config.json", "[]", "no config.json that can be read"),
        ("config.json", '{"hidden_size": null}', "hidden_size None"),
        ("model.safetensors", None, "holds no weights"),
    ],
)
def test_a_folder_that_is_no_model_is_one_sentence(
    quantizing, original, tmp_path, file, content, words
):
    model = shutil.copytree(original, tmp_path / "model")
    if content is None:
        (model / file).unlink()
    else:
        (model / file).write_text(content)
    with pytest.raises(QuantizeError, match=words):
        quantize(replace(quantizing, model=model, out=tmp_path / "out"))


def test_numbers_below_one_are_refused(quantizing, tmp_path):
    with pytest.raises(QuantizeError, match="at least 1"):
        quantize(replace(quantizing, samples=0, out=tmp_path / "out"))
