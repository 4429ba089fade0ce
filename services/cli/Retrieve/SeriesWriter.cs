using Google.Protobuf;
using MedCloudCare.Study.V1;

namespace MedCloudCare.Cli.Retrieve;

/// <summary>
/// Writes the instances of an answer to files. A file appears under its name when it is complete; one that was cut off
/// leaves nothing.
/// </summary>
internal sealed class SeriesWriter(string directory) : IAsyncDisposable
{
    private FileStream? _file;
    private string _temporary = "";
    private string _target = "";
    private long _expected;
    private long _written;

    /// <summary>Complete files.</summary>
    public int Files { get; private set; }

    /// <summary>Their size.</summary>
    public long Bytes { get; private set; }

    /// <summary>How many the mesh announced.</summary>
    public int Announced { get; private set; }

    /// <summary>Takes the next message.</summary>
    public async Task AddAsync(RetrieveInstancesResponse message, CancellationToken cancellationToken)
    {
        switch (message.MessageCase)
        {
            case RetrieveInstancesResponse.MessageOneofCase.Header:
                await FinishAsync(cancellationToken).ConfigureAwait(false);
                Begin(message.Header);
                break;
            case RetrieveInstancesResponse.MessageOneofCase.Data when _file is not null:
                await WriteAsync(message.Data, cancellationToken).ConfigureAwait(false);
                break;
            default:
                throw CliException.Failed("The mesh sent data before naming the instance that it belongs to.");
        }
    }

    /// <summary>Completes the last file and checks that all have come.</summary>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        await FinishAsync(cancellationToken).ConfigureAwait(false);
        if (Files != Announced)
        {
            throw CliException.Failed($"The mesh announced {Announced} instances and sent {Files}.", "Try again.");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_file is not null)
        {
            await _file.DisposeAsync().ConfigureAwait(false);
            File.Delete(_temporary);
        }
    }

    private void Begin(RetrieveInstancesResponse.Types.Header header)
    {
        _target = Path.Combine(directory, RetrievedFileName.Of(header.Position, header.SopInstanceUid));
        _temporary = $"{_target}.{Guid.NewGuid():N}.part";
        _expected = header.Size;
        _written = 0;
        Announced = header.Count;
        // Images of patients: for the user's eyes only, unless they decide otherwise.
        _file = new FileStream(_temporary, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = Launcher.SecretFile.OwnerOnly,
            Options = FileOptions.Asynchronous,
        });
    }

    private async Task WriteAsync(ByteString data, CancellationToken cancellationToken)
    {
        if (_written + data.Length > _expected)
        {
            throw CliException.Failed($"The mesh sent more than the {_expected} bytes that it announced for '{Path.GetFileName(_target)}'.");
        }

        await _file!.WriteAsync(data.Memory, cancellationToken).ConfigureAwait(false);
        _written += data.Length;
    }

    private async Task FinishAsync(CancellationToken cancellationToken)
    {
        if (_file is null)
        {
            return;
        }

        await _file.FlushAsync(cancellationToken).ConfigureAwait(false);
        if (_written != _expected)
        {
            throw CliException.Failed($"'{Path.GetFileName(_target)}' was cut off at {_written} of {_expected} bytes.", "Try again.");
        }

        await _file.DisposeAsync().ConfigureAwait(false);
        _file = null;
        File.Move(_temporary, _target, overwrite: true);
        Files++;
        Bytes += _expected;
    }
}
