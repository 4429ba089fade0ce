namespace MedCloudCare.Studies;

internal sealed partial class UploadSession
{
    private readonly Dictionary<string, OpenStudy> _studies = new(StringComparer.Ordinal);
    private readonly Dictionary<OpenStudy, PackWriter> _packs = [];
    private readonly List<OpenStudy> _byUse = [];
    private InFlight? _inFlight;

    /// <summary>
    /// Gives back packs and studies. Complete instances that were not committed are lost, as if they had not been sent.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        _intake?.Dispose();
        if (_inFlight is { } inFlight)
        {
            await inFlight.Done.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }

        foreach (PackWriter pack in _packs.Values)
        {
            GiveBack(pack);
        }

        foreach (OpenStudy study in _studies.Values)
        {
            await services.Studies.ReleaseAsync(study);
        }
    }

    private async ValueTask<OpenStudy> OpenAsync(string studyInstanceUid)
    {
        if (_studies.TryGetValue(studyInstanceUid, out OpenStudy? study))
        {
            _byUse.Remove(study);
            _byUse.Add(study);
            return study;
        }

        if (_studies.Count >= _options.PacksPerCall)
        {
            await CommitAsync();
            await CloseAsync(_byUse[0]);
        }

        study = await services.Studies.AcquireAsync(target.Owner, studyInstanceUid, cancellationToken);
        _studies.Add(studyInstanceUid, study);
        _byUse.Add(study);
        return study;
    }

    private async ValueTask CloseAsync(OpenStudy study)
    {
        ReturnPack(study);
        _byUse.Remove(study);
        _studies.Remove(study.StudyInstanceUid);
        await services.Studies.ReleaseAsync(study);
    }

    private async ValueTask<PackWriter> PackOfAsync(OpenStudy study)
    {
        if (_packs.TryGetValue(study, out PackWriter? pack))
        {
            if (pack.Length < _options.PackBytes)
            {
                return pack;
            }

            await CommitAsync();
            ReturnPack(study);
        }

        pack = services.Packs.Rent(study.Id);
        _packs.Add(study, pack);
        return pack;
    }

    private void ReturnPack(OpenStudy study)
    {
        if (_packs.Remove(study, out PackWriter? pack))
        {
            GiveBack(pack);
        }
    }

    private void GiveBack(PackWriter pack)
    {
        try
        {
            services.Packs.Return(pack);
        }
        catch (IOException) when (!pack.IsSpent)
        {
            // The store fails (a full disk): left to recovery, so that neither this pack nor the others stay held.
            pack.IsSpent = true;
            services.Packs.Return(pack);
        }
    }

    /// <summary>Ends the group and commits it in the background; at most one group is on its way.</summary>
    private async Task StartCommitAsync()
    {
        await FinishCommitAsync();
        if (_group.Results.Count == 0)
        {
            return;
        }

        UploadGroup group = _group;
        _group = new UploadGroup(target.Id, target.Owner, target.Author, group.First + group.Results.Count);
        group.Batches = UploadGroup.Batch(group.Pending);
        try
        {
            EndPacks(group);
        }
        catch
        {
            // Packs whose group has ended cannot be cut back to the group before: recovery does it.
            foreach ((PackWriter pack, _) in group.Packs)
            {
                pack.IsSpent = true;
                if (pack.HoldsOneGroup)
                {
                    GiveBack(pack);
                }
            }

            throw;
        }

        _inFlight = new InFlight(group, MakeDurableAsync(group));
    }

    private void EndPacks(UploadGroup group)
    {
        foreach (IGrouping<OpenStudy, MetadataBatch> study in group.Batches.GroupBy(b => b.Instances[0].Study))
        {
            PackWriter pack = _packs[study.Key];
            PackManifest.Append(pack, study.Key, target.Author, [.. study]);
            pack.EndGroup();
            group.Packs.Add((pack, pack.Length));
            if (pack.HoldsOneGroup)
            {
                _packs.Remove(study.Key);
            }
        }
    }

    private async Task FinishCommitAsync()
    {
        if (_inFlight is not { } inFlight)
        {
            return;
        }

        await inFlight.Done;
        _inFlight = null;
        _results.AddRange(inFlight.Group.Results);
        foreach (PendingInstance instance in inFlight.Group.Pending)
        {
            _storedBytes += instance.Result.Outcome == Study.V1.InstanceResult.Types.Outcome.Stored ? instance.Length : 0;
            _known.Add(instance);
        }
    }

    /// <summary>Bytes first, then the transaction that refers to them. Not cancelled with the call: half-way is no place to stop.</summary>
    private async Task MakeDurableAsync(UploadGroup group)
    {
        try
        {
            if (group.Packs.Count == 1)
            {
                await group.Packs[0].Pack.FlushAsync(CancellationToken.None);
            }
            else
            {
                await Task.WhenAll(group.Packs.Select(p => p.Pack.FlushAsync(CancellationToken.None).AsTask()));
            }

            await services.Committer.CommitAsync(group);
            foreach ((PackWriter pack, long size) in group.Packs)
            {
                pack.CommittedLength = size;
            }
        }
        catch (Exception e)
        {
            foreach ((PackWriter pack, _) in group.Packs)
            {
                pack.IsSpent = true;
            }

            if (e is StudyVanishedException { Studies: var gone })
            {
                services.Studies.Forget(gone);
            }

            throw;
        }
        finally
        {
            foreach ((PackWriter pack, _) in group.Packs)
            {
                if (pack.HoldsOneGroup)
                {
                    services.Packs.Return(pack);
                }
            }
        }
    }

    private sealed record InFlight(UploadGroup Group, Task Done);
}
