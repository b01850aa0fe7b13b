//! Other people's tools that judge our output in tests and benchmarks.

use crate::run::{on_path, output, step};
use crate::target_dir;
use anyhow::Result;
use std::path::PathBuf;

/// A Debian package and a program of it.
struct DebianTool {
    package: &'static str,
    program: &'static str,
    judges: &'static str,
}

const DEBIAN: &[DebianTool] = &[
    DebianTool {
        package: "dcmtk",
        program: "dcmdump",
        judges: "reading, sending and receiving DICOM",
    },
    DebianTool {
        package: "dicom3tools",
        program: "dciodvfy",
        judges: "validity against the IOD",
    },
    DebianTool {
        package: "libgdcm-tools",
        program: "gdcmanon",
        judges: "speed beside a peer",
    },
    DebianTool {
        package: "libjpeg-turbo-progs",
        program: "djpeg",
        judges: "JPEG frames after masking",
    },
    DebianTool {
        package: "minisign",
        program: "minisign",
        judges: "signatures of packages",
    },
    DebianTool {
        package: "zstd",
        program: "zstd",
        judges: "compressed shards",
    },
    DebianTool {
        package: "aria2",
        program: "aria2c",
        judges: "updates of releases",
    },
    DebianTool {
        package: "dcm2niix",
        program: "dcm2niix",
        judges: "volumes of released series",
    },
    DebianTool {
        package: "age",
        program: "age",
        judges: "sealed labels",
    },
    DebianTool {
        package: "strace",
        program: "strace",
        judges: "how often a byte is read and written",
    },
    DebianTool {
        package: "orthanc",
        program: "Orthanc",
        judges: "receiving from a PACS",
    },
    DebianTool {
        package: "chromium",
        program: "chromium",
        judges: "the review pages",
    },
    DebianTool {
        package: "chromium-driver",
        program: "chromedriver",
        judges: "the review pages",
    },
    DebianTool {
        package: "cmake",
        program: "cmake",
        judges: "builds of C libraries for comparison",
    },
];

/// Packages of the Python index, with the module that each brings.
const PYTHON: &[(&str, &str)] = &[
    ("pydicom==3.0.2", "pydicom"),
    ("numpy", "numpy"),
    ("bagit==1.9.0", "bagit"),
    ("cryptography", "cryptography"),
    ("jsonschema", "jsonschema"),
    ("check-jsonschema==0.39.0", "check_jsonschema"),
    ("mlcroissant==1.1.1", "mlcroissant"),
    ("pyarrow", "pyarrow"),
    ("pandas", "pandas"),
    ("duckdb", "duckdb"),
    ("zstandard", "zstandard"),
    ("pyrage==1.4.0", "pyrage"),
    ("rangehttpserver==1.4.0", "RangeHTTPServer"),
    ("webdataset==1.0.2", "webdataset"),
    ("datasets==5.2.0", "datasets"),
];

/// The folder of the Python environment that the tests use.
pub fn python_environment() -> PathBuf {
    target_dir().join("python")
}

/// Installs what is missing, where it may, and says what is still missing.
pub fn install(may_install: bool) -> Result<()> {
    install_debian(may_install);
    install_python(may_install)
}

fn install_debian(may_install: bool) {
    let missing = || {
        DEBIAN
            .iter()
            .filter(|tool| !on_path(tool.program))
            .collect::<Vec<_>>()
    };
    let wanted = missing();
    if !wanted.is_empty() && may_install && is_root() && on_path("apt-get") {
        let mut arguments = vec!["install", "-y", "--no-install-recommends"];
        arguments.extend(wanted.iter().map(|tool| tool.package));
        let installed = step("apt-get", &["update"]).and_then(|()| step("apt-get", &arguments));
        if let Err(error) = installed {
            eprintln!("note: {error:#}");
        }
    }
    for tool in missing() {
        eprintln!(
            "missing: {} (Debian package {}), which judges {}; its tests will say that they were skipped",
            tool.program, tool.package, tool.judges
        );
    }
}

fn is_root() -> bool {
    output("id", &["-u"]).is_ok_and(|id| id.trim() == "0")
}

fn install_python(may_install: bool) -> Result<()> {
    let environment = python_environment();
    let python = environment.join("bin").join("python3");
    if !python.is_file() && may_install {
        let made = step("python3", &["-m", "venv", &environment.to_string_lossy()]);
        if let Err(error) = made {
            eprintln!(
                "missing: a Python environment ({error:#}); the tests by Python tools will be skipped"
            );
            return Ok(());
        }
    }
    if !python.is_file() {
        eprintln!("missing: a Python environment; the tests by Python tools will be skipped");
        return Ok(());
    }
    for (package, module) in PYTHON {
        let program = python.to_string_lossy();
        if output(&*program, &["-c", &format!("import {module}")]).is_ok() {
            continue;
        }
        let arguments = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            package,
        ];
        if !may_install || step(&*program, &arguments).is_err() {
            eprintln!(
                "missing: the Python package {package}; its tests will say that they were skipped"
            );
        }
    }
    Ok(())
}
