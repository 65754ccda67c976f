"""Run by verl's Python: writes a model as two ranks of FSDP save it.

Arguments: the model folder and the `actor` folder of a checkpoint. Every weight is moved a little
from the model's, by an amount that bfloat16 can and one that it cannot always hold.
"""

import json
import os
import sys
from pathlib import Path

import torch
import torch.multiprocessing as mp
from torch.distributed import destroy_process_group, init_process_group
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from transformers import AutoModelForCausalLM, AutoTokenizer

RANKS = 2


def save(rank: int, source: str, actor: str, port: str) -> None:
    """Save the shards of one rank."""
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    init_process_group("gloo", rank=rank, world_size=RANKS)
    mesh = init_device_mesh("cpu", (RANKS,), mesh_dim_names=("fsdp",))
    model = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "layers.0." in name:
                weight.mul_(1.1)
    fully_shard(model, mesh=mesh)
    torch.save(model.state_dict(), f"{actor}/model_world_size_{RANKS}_rank_{rank}.pt")
    if rank == 0:
        model.config.save_pretrained(f"{actor}/huggingface")
        AutoTokenizer.from_pretrained(source).save_pretrained(f"{actor}/huggingface")
        layout = {"FSDP_version": 2, "world_size": RANKS}
        Path(actor, "fsdp_config.json").write_text(json.dumps(layout))
    destroy_process_group()


if __name__ == "__main__":
    Path(sys.argv[2], "huggingface").mkdir(parents=True)
    mp.spawn(save, (sys.argv[1], sys.argv[2], "29511"), nprocs=RANKS)
