"""The record of a run: ``provenance.json`` in the folder of the results."""

from lotwise.record.build import configuration_of, gather, own_steps, record_run, refresh_outputs
from lotwise.record.calls import PREPARING, Call, lotwise_call, now, step_of, write_step
from lotwise.record.checking import check_page, check_record, log_written
from lotwise.record.configuration import absolute, map_paths, resolve
from lotwise.record.environment import libraries, software
from lotwise.record.fixity import fault_of
from lotwise.record.inputs import take_inputs
from lotwise.record.provenance import (
    ANALYSED,
    InputFile,
    OutputFile,
    Program,
    Provenance,
    read_provenance,
    write_provenance,
)
from lotwise.record.revisions import amendments_of, chain_faults, write_revision
from lotwise.tree import CERTIFICATE, CRATE, PAGE, PROVENANCE, VERIFICATION

__all__ = [
    "ANALYSED",
    "CERTIFICATE",
    "CRATE",
    "PAGE",
    "PREPARING",
    "PROVENANCE",
    "VERIFICATION",
    "Call",
    "InputFile",
    "OutputFile",
    "Program",
    "Provenance",
    "absolute",
    "amendments_of",
    "chain_faults",
    "check_page",
    "check_record",
    "configuration_of",
    "fault_of",
    "gather",
    "libraries",
    "log_written",
    "lotwise_call",
    "map_paths",
    "now",
    "own_steps",
    "read_provenance",
    "record_run",
    "refresh_outputs",
    "resolve",
    "software",
    "step_of",
    "take_inputs",
    "write_provenance",
    "write_revision",
    "write_step",
]
