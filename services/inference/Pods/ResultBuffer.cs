using MedCloudCare.Common.V1;
using MedCloudCare.Jobs.Work;

namespace MedCloudCare.Jobs.Pods;

/// <summary>Collects the voxels of a result. Grows with what arrives, not with what was announced.</summary>
internal sealed class ResultBuffer(long announced)
{
    private const int FirstSize = 1 << 20;

    private byte[] _bytes = new byte[Math.Min(announced, FirstSize)];
    private int _length;

    /// <exception cref="JobFailedException">More arrives than was announced.</exception>
    public void Append(ReadOnlySpan<byte> data)
    {
        if (data.Length > announced - _length) throw new JobFailedException(Reason.ModelResultInvalid, "The model sent more voxels than its result announces.");
        if (_length + data.Length > _bytes.Length) Array.Resize(ref _bytes, (int)Math.Min(announced, Math.Max(_bytes.Length * 2L, _length + data.Length)));
        data.CopyTo(_bytes.AsSpan(_length));
        _length += data.Length;
    }

    /// <exception cref="JobFailedException">Less arrived than was announced.</exception>
    public ReadOnlyMemory<byte> Complete() => _length == announced
        ? _bytes.AsMemory(0, _length)
        : throw new JobFailedException(Reason.ModelResultInvalid, "The model sent fewer voxels than its result announces.");
}
