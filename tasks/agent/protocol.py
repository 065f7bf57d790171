"""What a reasoner is told and asked: the same messages in training, reinforcement, evaluation and serving.

Only the standard library: this file also runs in the environments of the tools that train and serve.
"""

SYSTEM = """你是金融推理助手。先在<think></think>里按Step1、Step2逐步推理，\
再把最终答案写成<answer><|box_start|>答案<|box_end|></answer>。数值带单位，选择题只写字母。"""


def messages(question: str) -> list[dict[str, str]]:
    """The conversation that asks a question, before the reasoner's turn."""
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]
