using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace MedCloudCare.Sandbox;

/// <summary>
/// The seccomp program of a pod, in classic BPF as <c>bwrap --seccomp</c> takes it. Calls that only an attacker or an
/// operator needs answer EPERM; sockets other than Unix ones do not exist; another architecture's calls end the process.
/// Namespaces cannot be made: <c>clone</c> with their flags is refused and <c>clone3</c>, whose flags a filter cannot see,
/// answers ENOSYS, upon which the C library uses <c>clone</c>.
/// </summary>
public static class SeccompFilter
{
    // linux/bpf_common.h, linux/seccomp.h, linux/audit.h
    private const ushort LoadWord = 0x20;
    private const ushort JumpIfEqual = 0x15;
    private const ushort JumpIfAtLeast = 0x35;
    private const ushort JumpIfAnyBit = 0x45;
    private const ushort Return = 0x06;
    private const uint Allow = 0x7fff0000;
    private const uint KillProcess = 0x80000000;
    private const uint Errno = 0x00050000;
    private const uint NotPermitted = Errno | 1;
    private const uint NoSuchCall = Errno | 38;
    private const uint NoSuchFamily = Errno | 97;
    private const uint OffsetOfNumber = 0;
    private const uint OffsetOfArchitecture = 4;
    private const uint OffsetOfArguments = 16;
    private const uint X32Bit = 0x40000000;
    private const uint UnixFamily = 1;

    // CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
    private const uint NamespaceFlags = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000;

    // Push characters into a terminal: TIOCSTI, TIOCLINUX.
    private static readonly uint[] s_terminalRequests = [0x5412, 0x541c];

    /// <summary>The program for the architecture of this process.</summary>
    /// <exception cref="PlatformNotSupportedException">Neither x86-64 nor ARM64.</exception>
    public static byte[] Build() => Build(RuntimeInformation.ProcessArchitecture);

    /// <summary>The program for an architecture.</summary>
    /// <exception cref="PlatformNotSupportedException">Neither x86-64 nor ARM64.</exception>
    public static byte[] Build(Architecture architecture)
    {
        SystemCalls calls = SystemCalls.Of(architecture);
        var program = new Program();
        program.Add(LoadWord, OffsetOfArchitecture);
        program.Unless(JumpIfEqual, calls.AuditArchitecture, KillProcess);
        program.Add(LoadWord, OffsetOfNumber);
        if (architecture == Architecture.X64)
        {
            program.If(JumpIfAtLeast, X32Bit, KillProcess);
        }

        foreach (uint denied in calls.Denied)
        {
            program.If(JumpIfEqual, denied, NotPermitted);
        }

        program.If(JumpIfEqual, calls.Fork3, NoSuchCall);
        program.Argument(calls.Fork, 0, p => p.If(JumpIfAnyBit, NamespaceFlags, NotPermitted));
        program.Argument(calls.Socket, 0, p => p.Unless(JumpIfEqual, UnixFamily, NoSuchFamily));
        program.Argument(calls.SocketPair, 0, p => p.Unless(JumpIfEqual, UnixFamily, NoSuchFamily));
        program.Argument(calls.IoControl, 1, p => Array.ForEach(s_terminalRequests, r => p.If(JumpIfEqual, r, NotPermitted)));
        program.Add(Return, Allow);
        return program.ToArray();
    }

    /// <summary>Instructions of <c>struct sock_filter</c>: code, jump if true, jump if false, operand.</summary>
    private sealed class Program
    {
        private readonly List<(ushort Code, byte True, byte False, uint Operand)> _instructions = [];

        public void Add(ushort code, uint operand) => _instructions.Add((code, 0, 0, operand));

        public void If(ushort test, uint operand, uint answer)
        {
            _instructions.Add((test, 0, 1, operand));
            Add(Return, answer);
        }

        public void Unless(ushort test, uint operand, uint answer)
        {
            _instructions.Add((test, 1, 0, operand));
            Add(Return, answer);
        }

        /// <summary>Looks at an argument (its lower 32 bits) of one call; ends with the call's number loaded again.</summary>
        public void Argument(uint call, uint index, Action<Program> tests)
        {
            int at = _instructions.Count;
            _instructions.Add(default);
            Add(LoadWord, OffsetOfArguments + (8 * index));
            tests(this);
            Add(LoadWord, OffsetOfNumber);
            _instructions[at] = (JumpIfEqual, 0, checked((byte)(_instructions.Count - at - 1)), call);
        }

        public byte[] ToArray()
        {
            byte[] bytes = new byte[8 * _instructions.Count];
            for (int i = 0; i < _instructions.Count; i++)
            {
                Span<byte> to = bytes.AsSpan(8 * i);
                BinaryPrimitives.WriteUInt16LittleEndian(to, _instructions[i].Code);
                to[2] = _instructions[i].True;
                to[3] = _instructions[i].False;
                BinaryPrimitives.WriteUInt32LittleEndian(to[4..], _instructions[i].Operand);
            }

            return bytes;
        }
    }
}
