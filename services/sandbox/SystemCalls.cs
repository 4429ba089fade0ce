using System.Runtime.InteropServices;

namespace MedCloudCare.Sandbox;

/// <summary>
/// Numbers of system calls (asm/unistd_64.h, asm-generic/unistd.h). Those from 424 on are the same everywhere. <c>Fork</c> is
/// clone(2), <c>Fork3</c> clone3(2): a record has no member named Clone.
/// </summary>
internal sealed record SystemCalls(
    uint AuditArchitecture, uint Fork, uint Fork3, uint Socket, uint SocketPair, uint IoControl, IReadOnlyList<uint> Denied)
{
    /// <summary>
    /// io_uring_setup, io_uring_enter, io_uring_register; open_tree, move_mount, fsopen, fsconfig, fsmount, fspick; pidfd_getfd;
    /// process_madvise; mount_setattr; quotactl_fd; open_tree_attr.
    /// </summary>
    private static readonly uint[] s_common = [425, 426, 427, 428, 429, 430, 431, 432, 433, 438, 440, 442, 443, 467];

    private static readonly SystemCalls s_x64 = new(
        AuditArchitecture: 0xc000003e, Fork: 56, Fork3: 435, Socket: 41, SocketPair: 53, IoControl: 16,
        Denied:
        [
            .. s_common,
            101, 310, 311, 312,            // ptrace, process_vm_readv, process_vm_writev, kcmp
            165, 166, 155, 161,            // mount, umount2, pivot_root, chroot
            272, 308,                      // unshare, setns
            167, 168, 169, 163, 179,       // swapon, swapoff, reboot, acct, quotactl
            170, 171, 164, 159, 227, 305,  // sethostname, setdomainname, settimeofday, adjtimex, clock_settime, clock_adjtime
            172, 173, 154, 153,            // iopl, ioperm, modify_ldt, vhangup
            174, 175, 176, 177, 178, 313,  // create_module, init_module, delete_module, get_kernel_syms, query_module, finit_module
            246, 320,                      // kexec_load, kexec_file_load
            248, 249, 250,                 // add_key, request_key, keyctl
            298, 321, 323,                 // perf_event_open, bpf, userfaultfd
            303, 304, 300, 212,            // name_to_handle_at, open_by_handle_at, fanotify_init, lookup_dcookie
            103, 135, 134, 136, 156, 180,  // syslog, personality, uselib, ustat, _sysctl, nfsservctl
            256, 279,                      // migrate_pages, move_pages
        ]);

    private static readonly SystemCalls s_arm64 = new(
        AuditArchitecture: 0xc00000b7, Fork: 220, Fork3: 435, Socket: 198, SocketPair: 199, IoControl: 29,
        Denied:
        [
            .. s_common,
            117, 270, 271, 272,            // ptrace, process_vm_readv, process_vm_writev, kcmp
            40, 39, 41, 51,                // mount, umount2, pivot_root, chroot
            97, 268,                       // unshare, setns
            224, 225, 142, 89, 60,         // swapon, swapoff, reboot, acct, quotactl
            161, 162, 170, 171, 112, 266,  // sethostname, setdomainname, settimeofday, adjtimex, clock_settime, clock_adjtime
            58, 105, 106, 273,             // vhangup, init_module, delete_module, finit_module
            104, 294,                      // kexec_load, kexec_file_load
            217, 218, 219,                 // add_key, request_key, keyctl
            241, 280, 282,                 // perf_event_open, bpf, userfaultfd
            264, 265, 262, 18,             // name_to_handle_at, open_by_handle_at, fanotify_init, lookup_dcookie
            116, 92,                       // syslog, personality
            238, 239,                      // migrate_pages, move_pages
        ]);

    /// <summary>The table of an architecture.</summary>
    /// <exception cref="PlatformNotSupportedException">There is none.</exception>
    public static SystemCalls Of(Architecture architecture) => architecture switch
    {
        Architecture.X64 => s_x64,
        Architecture.Arm64 => s_arm64,
        _ => throw new PlatformNotSupportedException($"There is no sandbox for {architecture}."),
    };
}
