"""Notebooks of all kinds, as lists of cells: what stock papermill makes of them is the measure.

A cell is its source, or (source, tag). They print nothing that differs from run to run of stock
itself, or `comparing.py` knows that kind of noise.
"""

RAISES = "raises-exception"

NOTEBOOKS = {
    "plain": ["x = 1", "x + 1", "print(x)\nx", "", "x;"],
    "parameters": [("a = 1\nb = 'é'", "parameters"), "print(a, b)", "a"],
    "results_kept": ["1", "'two'", "_, __, _1, Out, In[1]", "%history"],
    "stdout_and_stderr": [
        "import sys\nprint('out')\nprint('err', file=sys.stderr)",
        "for i in range(3):\n    print(i, flush=True)\n    print(i, file=sys.stderr, flush=True)",
    ],
    "carriage_return": ["for i in range(5):\n    print(f'\\r{i}', end='', flush=True)"],
    "big_output": ["print('x' * 5_000_000)", "print(1)"],
    "many_lines": ["for i in range(20_000):\n    print(i)"],
    "big_result": ["list(range(20_000))", "'y' * 300_000"],
    "error": ["print(1)", "def f():\n    return 1 / 0\nf()", "print('never')"],
    "error_allowed": [("raise ValueError('wanted')", RAISES), "print('goes on')"],
    "error_chain": [
        (
            "try:\n    {}['k']\nexcept KeyError as error:\n    raise RuntimeError('second') from error",
            RAISES,
        ),
        ("raise ExceptionGroup('both', [ValueError(1), TypeError('t')])", RAISES),
        ("assert 1 == 2, 'no'", RAISES),
    ],
    "syntax_errors": [
        ("def f(:\n    pass", RAISES),
        ("  x = 1\n y = 2", RAISES),
        ("'open", RAISES),
        "print('alive')",
    ],
    "recursion": [
        "def f():\n    return f()\ntry:\n    f()\nexcept RecursionError as error:\n    print(error)",
        "print('alive')",
    ],
    "repr_fails": [
        "class Bad:\n    def __repr__(self):\n        raise RuntimeError('no repr')",
        ("Bad()", RAISES),
        "print('alive')",
    ],
    "sys_exit": ["print(1)", "import sys\nsys.exit(0)", "print(2)"],
    "sys_exit_status": ["import sys\nsys.exit(3)", "print(2)"],
    "quit": ["print(1)", "exit()"],
    "keyboard_interrupt": [("raise KeyboardInterrupt", RAISES), "print('alive')"],
    "interrupted_sleep": [
        "import os, signal, threading, time",
        (
            "threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
            "print('begun', flush=True)\ntime.sleep(30)",
            RAISES,
        ),
        "print('alive')",
    ],
    "interrupted_loop": [
        "import os, signal, threading",
        (
            "threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
            "while True:\n    pass",
            RAISES,
        ),
        "print('alive')",
    ],
    "signals": [
        "import signal\nprint(signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT))",
        "print(signal.getsignal(signal.SIGCHLD), signal.getitimer(signal.ITIMER_REAL))",
    ],
    "input": [("input('name? ')", RAISES), "print('alive')"],
    "getpass": [("import getpass\ngetpass.getpass()", RAISES), "print('alive')"],
    "stdin": ["import sys\nprint(repr(sys.stdin.read()))", "print(sys.stdin.isatty())"],
    "display": [
        "from IPython.display import HTML, JSON, Image, Latex, Markdown, SVG, display",
        "display(HTML('<b>b</b>'), Markdown('*m*'), Latex('$x$'))",
        "display({'text/plain': 'p', 'text/html': '<i>h</i>'}, raw=True, metadata={'k': 1})",
        'SVG(\'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"></svg>\')',
        "JSON({'a': [1, None]})",
        "print('between')\ndisplay(1)\nprint('after')\n2",
    ],
    "display_updates": [
        "from IPython.display import display, update_display\nh = display('first', display_id='d')",
        "display('second', display_id='d')",
        "update_display('third', display_id='d')",
        "h.update('fourth')\nprint('x')",
    ],
    "clear_output": [
        "from IPython.display import clear_output, display",
        "print('gone')\nclear_output()\nprint('kept')",
        "for i in range(3):\n    clear_output(wait=True)\n    display(i)",
        "print('stays')\nclear_output(wait=True)",
    ],
    "own_reprs": [
        "class R:\n    def _repr_html_(self):\n        return '<p>r</p>'\n"
        "    def _repr_png_(self):\n        return b'\\x89PNG fake'\n"
        "    def __repr__(self):\n        return 'R()'",
        "R()",
        "class M:\n    def _repr_mimebundle_(self, include=None, exclude=None):\n"
        "        return {'text/plain': 'm', 'application/json': {'a': 1}}, {'k': 2}",
        "M()",
    ],
    "widgets": [
        "import ipywidgets as w\ns = w.IntSlider(value=3, description='n')\ns",
        "s.value = 7\nprint(s.value)",
        "w.VBox([w.Label('l'), w.Checkbox(True), w.Dropdown(options=['a', 'b'])])",
    ],
    "output_widget": [
        "import ipywidgets as w\nfrom IPython.display import display\nout = w.Output()\nout",
        "with out:\n    print('inside')\n    display('shown')",
        "print(len(out.outputs))",
        "out.clear_output()\nprint(out.outputs)",
        "@out.capture()\ndef f():\n    print('captured')\nf()\nprint(len(out.outputs))",
    ],
    "interact": [
        "from ipywidgets import interact\n@interact(x=3)\ndef f(x):\n    print(x * 2)",
    ],
    "progress": [
        "from tqdm import tqdm\nimport sys\n"
        "for _ in tqdm(range(3), file=sys.stdout, bar_format='{n_fmt}/{total_fmt}', mininterval=0):"
        "\n    pass",
        "from tqdm.notebook import tqdm as bar\n"
        "for _ in bar(range(3), bar_format='{n_fmt}/{total_fmt}'):\n    pass",
    ],
    "async_cells": [
        "import asyncio\nawait asyncio.sleep(0.01)\nprint('awaited')",
        "async def f():\n    return 5\nawait f()",
        "async with asyncio.timeout(5):\n    print('inside')",
        ("asyncio.run(f())", RAISES),
        ("await asyncio.wait_for(asyncio.sleep(10), 0.05)", RAISES),
        "print(await asyncio.gather(f(), f()))",
    ],
    "async_tasks": [
        "import asyncio\nseen = []\nasync def tick():\n    for i in range(3):\n"
        "        seen.append(i)\n        await asyncio.sleep(0.01)\nt = asyncio.create_task(tick())",
        "await t\nseen",
        "p = await asyncio.create_subprocess_exec('echo', 'sub', stdout=-1)\n"
        "(await p.communicate())[0]",
    ],
    "contexts": [
        "import contextvars, decimal\nv = contextvars.ContextVar('v', default=0)\nv.set(5)",
        "decimal.getcontext().prec = 4\nprint(v.get(), decimal.Decimal(1) / 3)",
        "print(decimal.Decimal(1) / 3)",
    ],
    "magics": [
        "%pwd\n%who",
        "%%capture c\nprint('hidden')",
        "c.stdout",
        "%%html\n<b>h</b>",
        "%%writefile m.py\nvalue = 3",
        "%run m.py\nvalue",
        "%load_ext autoreload\n%autoreload 2\nimport m\nm.value",
        "%precision 3\n1 / 3",
        "%config InlineBackend.figure_format = 'svg'",
        ("%nothing", RAISES),
        "%env MADANG_CORPUS=1\nimport os\nos.environ['MADANG_CORPUS']",
        "%lsmagic\n''",
    ],
    "timings": ["%time 1 + 1", "%%time\nx = 2", "%timeit -n 1 -r 1 pass"],
    "cell_languages": [
        "%%bash\necho out; echo err >&2",
        "%%sh\nexit 0",
        ("%%bash\nexit 3", RAISES),
        "%%python\nprint('another python')",
        "%%script cat\nlines\nof text",
        "%%bash --out o\necho kept",
        "o",
    ],
    "shell": [
        "!echo hello",
        "x = !printf 'a\\nb\\n'\nx",
        "!echo {x[0]} $HOME > /dev/null; exit 3\n_exit_code",
        "%sx echo sx",
    ],
    "subprocesses": [
        "import os, subprocess, sys\nsubprocess.run(['echo', 'child'])",
        "os.system('echo system; echo error >&2')",
        "subprocess.run([sys.executable, '-c', 'print(1); import sys; print(sys.stdin.read())'],"
        " capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout",
        ("subprocess.run(['false'], check=True)", RAISES),
        "print(os.popen('echo popen').read())",
    ],
    "raw_descriptors": [
        "import os\nos.write(1, b'one\\n')\nimport time\ntime.sleep(0.3)",
        "os.write(2, b'two\\n')\ntime.sleep(0.3)",
        "import ctypes\nlibc = ctypes.CDLL(None)\nlibc.puts(b'from C')\nlibc.fflush(None)\n"
        "time.sleep(0.3)",
    ],
    "process_pools": [
        "import multiprocessing as mp, concurrent.futures as cf\ndef f(x):\n    return x * x",
        "with mp.get_context('fork').Pool(2) as pool:\n    print(pool.map(f, range(5)))",
        "with cf.ProcessPoolExecutor(2, mp.get_context('fork')) as pool:\n"
        "    print(list(pool.map(f, range(5))))",
        "p = mp.get_context('fork').Process(target=print, args=('from child',))\n"
        "p.start(); p.join(); p.exitcode",
        "with mp.Manager() as manager:\n    print(list(manager.list([1, 2])))",
    ],
    "bare_fork": [
        "import os\npid = os.fork()\nif pid == 0:\n    os._exit(7)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))",
        "print('one kernel')",
    ],
    "threads": [
        "import threading\ndef f():\n    print('thread')\nt = threading.Thread(target=f)\n"
        "t.start(); t.join()",
        "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(2) as pool:\n"
        "    print(list(pool.map(str, range(4))))",
        "e = threading.Event()\nthreading.Timer(0.2, e.set).start()\nprint(e.wait(5))",
        "print(threading.current_thread() is threading.main_thread())",
    ],
    "late_thread": [
        "import threading, time\ngo = threading.Event()\ndef late():\n    go.wait(5)\n"
        "    print('late')\nt = threading.Thread(target=late)\nt.start()",
        "print('second')\ngo.set()\nt.join()",
    ],
    "thread_error": [
        "import threading\ndef f():\n    raise ValueError('in thread')\n"
        "t = threading.Thread(target=f, name='named')\nt.start(); t.join()",
    ],
    "warnings": [
        "import warnings\nwarnings.warn('careful')",
        "warnings.warn('old', DeprecationWarning)",
        ("warnings.simplefilter('error')\nwarnings.warn('now an error')", RAISES),
    ],
    "logging": [
        "import logging\nlogging.warning('to stderr')\nlogging.info('hidden')",
        "log = logging.getLogger('mine')\nlog.setLevel('INFO')\nlog.info('mine')",
        "logging.basicConfig(level='DEBUG', force=True, format='%(message)s')\nlog.debug('shown')",
    ],
    "matplotlib": [
        "import matplotlib.pyplot as plt\nplt.plot([1, 2, 4])",
        "fig, ax = plt.subplots(figsize=(2, 1))\nax.bar([1, 2], [3, 4])\nplt.show()",
        "fig",
        "%matplotlib inline\nplt.figure(figsize=(1, 1))\nplt.close()\nplt.get_backend()",
    ],
    "matplotlib_svg": [
        "%config InlineBackend.figure_format = 'svg'\nimport matplotlib.pyplot as plt\n"
        "plt.rcParams['svg.hashsalt'] = 'same'\nplt.figure(figsize=(1, 1))\nplt.plot([1, 2])",
    ],
    "matplotlib_inside": [
        "def draw():\n    import matplotlib.pyplot as plt\n    plt.figure(figsize=(1, 1))\n"
        "    plt.plot([1, 2])",
        "draw()",
    ],
    "numpy": [
        "import numpy as np\nnp.random.seed(0)\nnp.random.rand(3)",
        "a = np.arange(10_000.0).reshape(100, 100)\n(a @ a).sum()",
        "np.linalg.svd(np.eye(50))[1].sum()",
        "np.array([1, 2]) / 0",
        "np.set_printoptions(precision=2)\nnp.random.default_rng(1).normal(size=3)",
    ],
    "pandas": [
        "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2, 3], 'b': list('xyz')})\ndf",
        "df.describe()",
        "df.groupby('b').a.sum()",
        "df.style.format({'a': '{:.1f}'}).set_uuid('same')",
        ("df['nothing']", RAISES),
        "df.info()",
        "pd.options.display.max_rows = 2\ndf",
        "df.plot(figsize=(2, 1))",
    ],
    "dask": [
        "import dask, dask.array as da\nda.ones((100, 100), chunks=50).sum().compute()",
        "dask.compute(dask.delayed(sum)([1, 2, 3]))",
        "dask.compute(dask.delayed(pow)(2, 5), scheduler='processes')",
        "dask.compute(dask.delayed(pow)(2, 6), scheduler='synchronous')",
    ],
    "dask_cluster": [
        "from dask.distributed import Client\n"
        "client = Client(processes=False, n_workers=1, dashboard_address=None)",
        "print(client.submit(sum, [1, 2]).result())",
        "client.close()",
    ],
    "classes_and_pickles": [
        "import dataclasses, pickle\n@dataclasses.dataclass\nclass P:\n    x: int = 0",
        "pickle.loads(pickle.dumps(P(3)))",
        "P.__module__, __name__",
        "import inspect\nprint(inspect.getsource(P))",
    ],
    "python_itself": [
        "import sys\nprint(sys.path, sys.flags)",
        "print([a for a in sys.argv if not a.endswith('.json')])",
        "import os\nprint(os.getcwd() == os.environ.get('PWD'), os.umask(0o22))",
        "print(sorted(set(os.environ) - {'MADANG_CORPUS'}))",
        "print(type(get_ipython().kernel), type(get_ipython()), type(get_ipython().parent.parent))",
        "print(type(sys.stdout), sys.stdout.encoding, sys.stdout.fileno() > 2, sys.excepthook)",
        "import random\nrandom.seed(5)\nrandom.random()",
        "print(sys.getrecursionlimit(), sys.getswitchinterval(), sys.gettrace())",
        "print(__builtins__.__name__, '__file__' in globals(), __doc__)",
    ],
    "ipython_api": [
        "ip = get_ipython()\nip.events.register('post_run_cell', lambda r: print('hook', r.success))",
        "1",
        "ip.set_next_input('next')\nip.run_cell('print(5)')",
        "from IPython.core.magic import register_line_magic\n@register_line_magic\n"
        "def twice(line):\n    return line * 2",
        "%twice ab",
        "ip.ast_node_interactivity = 'all'\n1\n2",
        "from IPython import get_ipython as g\ng() is ip",
    ],
    "help_pages": ["len?", "import json\njson.dumps??", "?str.upper"],
    "files_at_exit": [
        "f = open('left_open.txt', 'w')\nf.write('text')",
        "import atexit, pathlib\n"
        "atexit.register(lambda: pathlib.Path('at_exit.txt').write_text('ran'))",
        "class D:\n    def __del__(self):\n        open('deleted.txt', 'w').write('ran')\nd = D()",
        "import tempfile\nt = tempfile.TemporaryDirectory(dir='.')",
        "import threading, time\ndef late():\n    time.sleep(0.3)\n"
        "    pathlib.Path('thread.txt').write_text('ran')\nthreading.Thread(target=late).start()",
    ],
    "kernel_killed": [
        "print(1)",
        "import os, signal, time\ntime.sleep(0.5)\nos.kill(os.getpid(), signal.SIGKILL)",
        "2",
    ],
    # What a kernel says just before it ends may be lost, so that it waits a moment.
    "kernel_exits": ["print(1)", "import os, time\ntime.sleep(0.5)\nos._exit(4)", "2"],
    "timeout": ["print('begun', flush=True)", "import time\ntime.sleep(60)"],
    "other_kernelspec": ["1\n2", "print(3)"],
    "text_and_raw": ["print(1)"],
}

OPTIONS = {"timeout": {"execution_timeout": 2}}
UNORDERED = {"subprocesses", "raw_descriptors"}
"""Write to the descriptors themselves: a thread of the kernel reads each, and in stock papermill too
it is a matter of time whose text comes first, and whether before the cell's result."""

OTHER = "corpus-other"
"""Name of a kernelspec that is not a plain ipykernel."""
