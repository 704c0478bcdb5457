"""Every configuration value of LAECIPS, with its only default."""

from __future__ import annotations

from dataclasses import dataclass

from laecips_core.setting import Change
from laecips_core.setting import group
from laecips_core.setting import setting


@dataclass(frozen=True)
class NodeConfig:
    """What every node has."""

    autostart: bool = setting(
        True,
        'Configure and activate by itself; false: wait for ros2 lifecycle set.',
        change=Change.NEVER,
    )


@dataclass(frozen=True)
class EdgeModelConfig:
    """The edge model f."""

    name: str = setting(
        'fast_scnn',
        'Edge model, by its name in the registry, or torchvision:NAME, hf:REPOSITORY_OR_FOLDER, '
        'smp:ARCHITECTURE/ENCODER.',
    )
    weights: str = setting(
        'builtin:patrol',
        'Weights file (.safetensors), builtin:NAME for a set shipped with us, or pretrained: the '
        "model's own.",
    )
    classes: str = setting(
        '', "Class map (YAML) from the model's own classes to yours; empty: the head has yours."
    )
    input_height_px: int = setting(240, 'Network input height in pixels.', low=32, high=4096)
    input_width_px: int = setting(320, 'Network input width in pixels.', low=32, high=4096)
    engine: str = setting(
        'torch', 'What runs the network.', choices=('torch', 'onnxruntime', 'tensorrt')
    )
    device: str = setting(
        'auto',
        'auto: the fastest there is; tensorrt is a provider of onnxruntime.',
        choices=('auto', 'cpu', 'cuda', 'tensorrt'),
    )
    precision: str = setting(
        'fp32', 'Numbers the engine computes with; fp16 needs a GPU.', choices=('fp32', 'fp16')
    )
    engine_folder: str = setting(
        '', 'Folder of built engines; empty: laecips/engines in the cache of the user.'
    )
    threads: int = setting(
        0, 'CPU threads of inference; 0: what the engine chooses.', low=0, high=256
    )


@dataclass(frozen=True)
class MinerConfig:
    """The hard input miner h and its threshold δ (Eq. 2)."""

    name: str = setting('learned', 'Miner, by its name in the registry.')
    threshold: float = setting(
        0.5,
        'δ: a frame with confidence at most this is hard.',
        low=0.0,
        high=1.0,
        change=Change.RUN_TIME,
    )
    pixel_threshold: float = setting(
        0.7, 'Top probability from which MESS counts a pixel (Eq. 22).', low=0.0, high=1.0
    )
    seed: int = setting(0, 'random: seed of the choice.', low=0, high=2**31 - 1)


@dataclass(frozen=True)
class ControllerConfig:
    """What turns δ while the node runs (Eq. 7 to 10)."""

    name: str = setting('fixed', 'Controller of δ, by its name in the registry.')
    upload_rate: float = setting(
        0.38,
        'upload_rate: share of hard frames; mean_delay, byte_rate: the first, until measured.',
        low=0.0,
        high=1.0,
        change=Change.RUN_TIME,
    )
    mean_delay_s: float = setting(
        0.5,
        'mean_delay: mean seconds from a frame to its mask; with provisional, to the refined one.',
        low=0.001,
        high=60.0,
        change=Change.RUN_TIME,
    )
    bytes_per_s: float = setting(
        50_000.0,
        'byte_rate: encoded frames sent, bytes a second of the frame stamps.',
        low=0.0,
        high=1e9,
        change=Change.RUN_TIME,
    )
    window_frames: int = setting(
        50, 'Last frames whose upload rate is held and confidences compared.', low=30, high=10_000
    )


@dataclass(frozen=True)
class FusionConfig:
    """How edge classes and masks are joined (Alg. 1)."""

    name: str = setting('log_mix', 'Fusion rule, by its name in the registry.')
    keep_pixel_above: float = setting(
        0.9, 'guarded: a pixel with a top probability above this keeps its class.', low=0, high=1.0
    )
    min_margin: float = setting(
        0.1, 'guarded: a mask renames only where its best class leads by this.', low=0.0, high=1.0
    )
    pixel_share: float = setting(
        0.5, 'log_mix: share of the pixel against the mask in the mix.', low=0.0, high=1.0
    )
    class_discount: float = setting(
        0.5,
        "log_mix, guarded: a class's score in a mask is divided by its share of the frame to this "
        'power; 0: not at all.',
        low=0.0,
        high=1.0,
    )


@dataclass(frozen=True)
class MaskConfig:
    """The large vision model."""

    name: str = setting(
        'regions',
        'Mask generator, by its name in the registry, or sam:vit_b, sam:vit_l, sam:vit_h, '
        'hf-sam:REPOSITORY_OR_FOLDER, sam3:REPOSITORY_OR_FOLDER.',
    )
    scale: float = setting(50.0, 'regions: larger gives larger regions.', low=1.0, high=10000.0)
    sigma_px: float = setting(0.8, 'regions: blur before segmenting, in pixels.', low=0, high=10.0)
    min_area_px: int = setting(40, 'Smallest mask in pixels.', low=1, high=1_000_000)
    jitter_px: float = setting(
        0.0, 'ground_truth: standard deviation of the boundary error, pixels.', low=0, high=50.0
    )
    drop_ratio: float = setting(0.0, 'ground_truth: share of masks left out.', low=0.0, high=1.0)
    merge_ratio: float = setting(
        0.0, 'ground_truth: share of masks joined with a neighbour.', low=0.0, high=1.0
    )
    seed: int = setting(0, 'ground_truth: seed of jitter and drops.', low=0, high=2**31 - 1)
    weights: str = setting(
        '', 'sam: checkpoint file; empty: the official one, as laecips models fetch put it.'
    )
    device: str = setting(
        'auto', 'Large models: auto is cuda where there is one.', choices=('auto', 'cpu', 'cuda')
    )
    precision: str = setting(
        'fp32', 'Large models: numbers they compute with.', choices=('fp32', 'bf16')
    )
    attention: str = setting(
        'sdpa',
        'sam: sdpa fuses the attention of the image encoder, plain is as published.',
        choices=('sdpa', 'plain'),
    )
    compile: bool = setting(False, 'Large models: compile the image encoder with torch.')
    points_per_side: int = setting(
        32, 'sam, hf-sam: points of the grid along each side.', low=1, high=128
    )
    points_per_batch: int = setting(
        64, 'sam, hf-sam: points decoded at once; more need more memory.', low=1, high=4096
    )
    min_predicted_iou: float = setting(
        0.88,
        "sam, hf-sam: masks of a lower quality, by the model's own guess, are left out.",
        low=-1.0,
        high=1.0,
    )
    min_stability: float = setting(
        0.95,
        'sam, hf-sam: smallest IoU of a mask cut above and below the threshold.',
        low=-1.0,
        high=1.0,
    )
    stability_offset: float = setting(
        1.0, 'sam, hf-sam: by how much above and below.', low=0.0, high=100.0
    )
    max_box_iou: float = setting(
        0.7,
        'sam, hf-sam, sam3: of two masks whose boxes overlap by more, the better one stays.',
        low=0.0,
        high=1.0,
    )
    prompts: str = setting('', 'sam3: what to find, as comma-separated texts.')
    min_text_score: float = setting(
        0.5, 'sam3: smallest score of a mask that is named by a text.', low=0.0, high=1.0
    )


@dataclass(frozen=True)
class LabelConfig:
    """Where the classes of training labels come from."""

    source: str = setting(
        'edge',
        'edge (as in the paper), teacher:NETWORK, mix:NETWORK with the start weights, or '
        'sam3:REPOSITORY_OR_FOLDER; NETWORK as in model.name.',
    )
    weights: str = setting(
        '', "teacher, mix: weights file of the teacher, or pretrained: the teacher's own."
    )
    classes: str = setting(
        '', "teacher, mix: class map (YAML) from the teacher's own classes to yours; empty: equal."
    )
    input_height_px: int = setting(360, "Teacher's input height in pixels.", low=32, high=4096)
    input_width_px: int = setting(480, "Teacher's input width in pixels.", low=32, high=4096)
    teacher_share: float = setting(
        0.5, 'mix: share of the teacher against the start weights.', low=0.0, high=1.0
    )
    answers: str = setting(
        'edge',
        "Classes of the answer to a hard frame: edge (as in the paper), or labels: the source's.",
        choices=('edge', 'labels'),
    )


@dataclass(frozen=True)
class DataSetConfig:
    """A data set, by name."""

    name: str = setting('patrol', 'Data set, by its name in the registry.')
    root: str = setting('', 'Folder of the data set; unused by patrol.')
    select: str = setting(
        '', 'folder only: comma-separated SEQUENCE or SEQUENCE[a:b] slices; empty: all frames.'
    )
    split: str = setting(
        'stream',
        'What is streamed, or what to pretrain on; unused by folder.',
        choices=('stream', 'source'),
    )
    frames: int = setting(
        0, 'Number of frames, evenly thinned out; 0: all there are.', low=0, high=10_000_000
    )
    seed: int = setting(0, 'patrol: seed of the world.', low=0, high=2**31 - 1)


@dataclass(frozen=True)
class SourceConfig(DataSetConfig):
    """The annotated data set that the weights were pretrained on, for replay and gate."""

    split: str = setting(
        'source',
        'What is streamed, or what to pretrain on; unused by folder.',
        choices=('stream', 'source'),
    )


@dataclass(frozen=True)
class UpdateConfig:
    """When and how the cloud trains (Alg. 2, Eq. 13 and 14)."""

    rule: str = setting('careful', 'Update rule, by its name in the registry; none: no updates.')
    buffer_size: int = setting(
        16, 'Samples that start a round.', low=1, high=100_000, change=Change.RUN_TIME
    )
    buffer_capacity: int = setting(
        256,
        'Samples held at most while a round runs; the oldest go.',
        low=1,
        high=100_000,
        change=Change.RUN_TIME,
    )
    max_interval_s: float = setting(
        600.0,
        'Age of the oldest sample that starts a round, seconds.',
        low=1.0,
        high=1e9,
        change=Change.RUN_TIME,
    )
    learning_rate: float = setting(1e-4, 'η of Eq. 13 and 14.', low=1e-8, high=1.0)
    epochs: int = setting(4, 'Passes over the buffer in a round.', low=1, high=10_000)
    batch_size: int = setting(8, 'Frames in a batch.', low=2, high=1024)
    beta: float = setting(
        0.1, 'β of Eq. 14; a calibrated h is min(1, β / loss).', low=1e-6, high=100
    )
    source_share: float = setting(
        0.5, 'All but paper: share of annotated source frames in a batch.', low=0.0, high=0.9
    )
    restyled_share: float = setting(
        0.5,
        'supervised, coordinates: share of the source frames that take the colours of new ones.',
        low=0.0,
        high=1.0,
    )
    statistics_mix: float = setting(
        0.3, 'All but paper: share of new frames in batch-norm statistics.', low=0.0, high=1.0
    )
    pseudo_weight: float = setting(
        0.3, 'careful: weight of the fused labels in the loss.', low=0.0, high=1.0
    )
    max_label_loss: float = setting(
        0.4, 'careful: frames of a larger estimated loss β / h give no labels.', low=0, high=1e6
    )
    min_label_confidence: int = setting(
        128, 'All but paper: pixels labelled less surely are not trained on.', low=0, high=255
    )
    label_weight: float = setting(
        1.0, 'supervised, coordinates: weight of the new labels in the loss.', low=0.0, high=10.0
    )
    class_balance: float = setting(
        0.0, 'supervised, coordinates: 0 none, 1 all classes count alike.', low=0.0, high=1.0
    )
    patience_epochs: int = setting(
        0,
        'supervised, coordinates: end after so many epochs without gain on held-back frames; 0: '
        'train all epochs.',
        low=0,
        high=1000,
    )
    coordinate_share: float = setting(
        0.05, 'coordinates: share of the weights that a round may change.', low=1e-5, high=1.0
    )
    memory_frames: int = setting(
        0,
        'Frames of earlier rounds that are trained on, or judged on, again; 0: as in the paper.',
        low=0,
        high=100_000,
    )
    gate_source_tolerance: float = setting(
        0.01,
        'Gate: mIoU on held-back source frames may fall by this since the start.',
        low=0.0,
        high=1.0,
        change=Change.RUN_TIME,
    )
    gate_agreement_tolerance: float = setting(
        0.25,
        'Gate: agreement with recent fused labels may fall by this.',
        low=0.0,
        high=1.0,
        change=Change.RUN_TIME,
    )
    gate_restyled_tolerance: float = setting(
        1.0,
        'Gate: mIoU on held-back source frames in the colours of recent frames may fall by this.',
        low=0.0,
        high=1.0,
        change=Change.RUN_TIME,
    )
    gate_restyled_gain: float = setting(
        0.0,
        'Gate: on those frames a candidate must be better than the first version by this.',
        low=0.0,
        high=1.0,
        change=Change.RUN_TIME,
    )
    gate_kept_gain: float = setting(
        0.0,
        'Gate: where no candidate passes and the running version is not better than the first by '
        'this, the first goes out again.',
        low=0.0,
        high=1.0,
        change=Change.RUN_TIME,
    )
    gate_retries: int = setting(
        0,
        'Gate: a rejected candidate is tried again so often, each time at half its distance from '
        'the running version.',
        low=0,
        high=10,
    )
    watch_frames: int = setting(
        0,
        'Answers after a release that decide on a rollback; 0: no rollback.',
        low=0,
        high=10_000,
        change=Change.RUN_TIME,
    )
    watch_tolerance: float = setting(
        0.01,
        'A release is rolled back when it agrees with new labels by this less than its parent.',
        low=0.0,
        high=1.0,
        change=Change.RUN_TIME,
    )
    max_delta_bytes: int = setting(
        0,
        'Largest delta from the running version, bytes; the smallest changes are left out before '
        'the gate; 0: no bound.',
        low=0,
        high=2**31 - 1,
    )
    gate_frames: int = setting(24, 'Gate: held-back source frames.', low=0, high=10_000)
    source_frames: int = setting(48, 'Source frames kept for replay.', low=0, high=100_000)
    seed: int = setting(0, 'Seed of every random choice in training.', low=0, high=2**31 - 1)


@dataclass(frozen=True)
class LimitsConfig:
    """Bounds on what comes from the network."""

    max_image_bytes: int = setting(
        8_000_000, 'Largest encoded image accepted, bytes.', low=1000, high=2**31 - 1
    )
    max_image_pixels: int = setting(
        16_000_000, 'Largest decoded image accepted, pixels.', low=1000, high=2**31 - 1
    )
    max_update_bytes: int = setting(
        200_000_000, 'Largest weight update accepted, bytes.', low=1000, high=2**31 - 1
    )


@dataclass(frozen=True)
class UplinkConfig:
    """How the edge talks to the cloud."""

    robot: str = setting('robot', 'Name of this robot; first part of every frame uid.')
    policy: str = setting(
        'wait',
        'wait: a hard frame is published when the answer comes; provisional: at once, and again.',
        choices=('wait', 'provisional'),
        change=Change.RUN_TIME,
    )
    deadline_s: float = setting(
        2.0,
        'Seconds until a hard frame falls back to the edge.',
        low=0.01,
        high=60,
        change=Change.RUN_TIME,
    )
    max_in_flight: int = setting(
        2,
        'Hard frames on their way at once; more fall back.',
        low=1,
        high=64,
        change=Change.RUN_TIME,
    )
    image_format: str = setting(
        'jpeg',
        'Encoding of uploaded frames.',
        choices=('jpeg', 'webp', 'png'),
        change=Change.RUN_TIME,
    )
    image_quality: int = setting(
        85, 'Quality of jpeg and webp uploads.', low=1, high=100, change=Change.RUN_TIME
    )
    chunk_bytes: int = setting(
        65536,
        'Bytes of weights asked for in one call.',
        low=1024,
        high=65536,
        change=Change.RUN_TIME,
    )
    update_deadline_s: float = setting(
        10.0,
        'Seconds until a call for a chunk is tried again.',
        low=0.1,
        high=600.0,
        change=Change.RUN_TIME,
    )


@dataclass(frozen=True)
class InstallConfig:
    """Which updates the edge takes, how it tries them out, and where it keeps them."""

    release_key: str = setting(
        '', "Public key (PEM) that the server's releases are signed for; empty: unsigned taken."
    )
    folder: str = setting(
        '', 'Folder that keeps newest and last good weights, one for each robot; empty: none.'
    )
    probation_frames: int = setting(
        20,
        'Frames after a swap in which a fault brings the last good back.',
        low=1,
        high=10_000,
        change=Change.RUN_TIME,
    )


@dataclass(frozen=True)
class EdgeConfig(NodeConfig):
    """The edge node."""

    image_transport: str = setting(
        'raw', 'Type of the image topic.', choices=('raw', 'compressed')
    )
    model: EdgeModelConfig = group(EdgeModelConfig)
    miner: MinerConfig = group(MinerConfig)
    controller: ControllerConfig = group(ControllerConfig)
    uplink: UplinkConfig = group(UplinkConfig)
    updates: InstallConfig = group(InstallConfig)
    limits: LimitsConfig = group(LimitsConfig)


@dataclass(frozen=True)
class JournalConfig:
    """Samples that wait for a round, kept in the store or, without one, in memory."""

    max_bytes: int = setting(
        500_000_000, 'Waiting samples, bytes; above it the oldest go.', low=1_000_000, high=2**40
    )
    max_uids: int = setting(
        1_000_000, 'Newest frames that are known when they come again.', low=1000, high=2**31 - 1
    )


@dataclass(frozen=True)
class ReleaseConfig:
    """How released weights are signed."""

    key: str = setting(
        '', 'Private key (PEM, Ed25519) that signs releases; empty: not signed. Needs store.'
    )
    valid_days: int = setting(
        90,
        'Days until a release expires; renewed at half the time while the node runs; 0: never.',
        low=0,
        high=3650,
    )


@dataclass(frozen=True)
class CloudConfig(NodeConfig):
    """The cloud node."""

    store: str = setting(
        '', 'Folder that keeps released weights and waiting samples; empty: memory only.'
    )
    keep_versions: int = setting(4, 'Versions kept loaded for slow edges.', low=1, high=64)
    waiting_frames: int = setting(
        64,
        'Hard frames that may wait for the large vision model, the newest first; the oldest of '
        'more is answered BUSY.',
        low=1,
        high=1000,
    )
    model: EdgeModelConfig = group(EdgeModelConfig)
    miner: MinerConfig = group(MinerConfig)
    masks: MaskConfig = group(MaskConfig)
    fusion: FusionConfig = group(FusionConfig)
    labels: LabelConfig = group(LabelConfig)
    update: UpdateConfig = group(UpdateConfig)
    source: DataSetConfig = group(SourceConfig)
    annotations: DataSetConfig = group(DataSetConfig)
    journal: JournalConfig = group(JournalConfig)
    releases: ReleaseConfig = group(ReleaseConfig)
    limits: LimitsConfig = group(LimitsConfig)
