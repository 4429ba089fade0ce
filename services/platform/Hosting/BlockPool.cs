using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;

namespace MedCloudCare.Platform.Hosting;

/// <summary>
/// Memory of Kestrel's connections in blocks of 32 KiB. Kestrel reads from a socket, and writes to TLS, one block at a time: with
/// its own blocks of 4 KiB a chunk of 64 KiB is sixteen system calls and TLS records, and as many wake-ups of a thread. A
/// connection that waits holds no block.
/// </summary>
internal sealed class BlockPoolFactory : IMemoryPoolFactory<byte>
{
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new BlockPool();
}

/// <summary>Pinned blocks of one size. Thread-safe.</summary>
internal sealed class BlockPool : MemoryPool<byte>
{
    /// <summary>Two full TLS records.</summary>
    public const int BlockSize = 32 * 1024;

    // What more connections at once took is left to the collector.
    private const int Kept = 512;

    private readonly ConcurrentStack<Block> _free = new();
    private int _count;
    private volatile bool _disposed;

    public override int MaxBufferSize => BlockSize;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockSize);
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_free.TryPop(out Block? block))
        {
            Interlocked.Decrement(ref _count);
            return block.Take();
        }

        return new Block(this);
    }

    protected override void Dispose(bool disposing)
    {
        _disposed = true;
        _free.Clear();
    }

    private void Return(Block block)
    {
        if (_disposed)
        {
            return;
        }

        if (Interlocked.Increment(ref _count) <= Kept)
        {
            _free.Push(block);
        }
        else
        {
            Interlocked.Decrement(ref _count);
        }
    }

    private sealed class Block(BlockPool pool) : IMemoryOwner<byte>
    {
        private readonly Memory<byte> _memory = MemoryMarshal.CreateFromPinnedArray(
            GC.AllocateUninitializedArray<byte>(BlockSize, pinned: true), 0, BlockSize);

        private int _rented = 1;

        public Memory<byte> Memory => _memory;

        public Block Take()
        {
            Volatile.Write(ref _rented, 1);
            return this;
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _rented, 0) == 1)
            {
                pool.Return(this);
            }
        }
    }
}
